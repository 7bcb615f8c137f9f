import type { Identity } from "../config/auth_file.js";
import type { TlsFiles } from "../config/tls_files.js";

/** What the service as a whole reports, for metrics. Called synchronously as things happen; must not throw. */
export interface ServiceObserver {
  /**
   * The configuration or its files were read: at start, at SIGHUP, and when a file of [tls] or [auth] has changed.
   *
   * @param good all that was read is in use; otherwise what was read before stays
   * @param time_ms milliseconds since 1970
   * @param config_hash of the values in use
   */
  configReloaded(good: boolean, time_ms: number, config_hash: string): void;
  /** The files of [tls] are in use from now on. */
  certificatesLoaded(files: TlsFiles): void;
  /** These may call from now on; undefined: everyone. */
  identitiesLoaded(identities: readonly Identity[] | undefined): void;
}

export const NO_SERVICE_OBSERVER: ServiceObserver = {
  configReloaded() {},
  certificatesLoaded() {},
  identitiesLoaded() {},
};
