import { ConfigError } from "../config/errors.js";
import type { TlsFiles } from "../config/tls_files.js";

/** Looks at the files of [tls] now and then. */
export interface TlsReload {
  /** Looks at once. */
  reload(): void;
  stop(): void;
}

export interface TlsReloadOptions {
  /** Reads and checks all of them; throws ConfigError. */
  readonly read: () => TlsFiles;
  /** Those in use. */
  readonly files: TlsFiles;
  readonly update: (files: TlsFiles) => void;
  readonly interval_ms: number;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** Files that are wrong, or replaced only in part, change nothing: the ones before stay, which is told once. */
export function watchTls({ read, files, update, interval_ms, log }: TlsReloadOptions): TlsReload {
  let current = files;
  let told = "";

  function use(next: TlsFiles): void {
    for (const warning of next.warnings) log.warn({ reason: warning }, "a file of [tls] should be mended");
    log.info(next.facts, "TLS certificate loaded");
  }

  function reload(): void {
    try {
      const next = read();
      told = "";
      if (sameFiles(next, current)) return;
      current = next;
      update(next);
      use(next);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (error.message !== told)
        log.warn({ reason: error.message }, "the files of [tls] are not used, those before stay");
      told = error.message;
    }
  }

  use(files);
  const timer = setInterval(reload, interval_ms).unref();
  return { reload, stop: () => clearInterval(timer) };
}

function sameFiles(a: TlsFiles, b: TlsFiles): boolean {
  return (["cert", "key", "ca"] as const).every((name) =>
    Buffer.from(a[name] ?? "").equals(Buffer.from(b[name] ?? "")),
  );
}
