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
}

export const NO_SERVICE_OBSERVER: ServiceObserver = {
  configReloaded() {},
};
