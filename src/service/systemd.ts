import { spawn } from "node:child_process";

/** For systemd-notify to end, which only sends a datagram. */
const NOTIFY_TIMEOUT_MS = 5_000;

const ARGUMENTS = { ready: "READY=1", stopping: "STOPPING=1" } as const;

/**
 * Tells systemd, where it has started the service (NOTIFY_SOCKET, Type=notify), by its own program, as Node has no Unix datagrams. Returns
 * at once; a failure is a warning, and whoever waits for the notification says so itself.
 */
export function notifySystemd(
  state: keyof typeof ARGUMENTS,
  env: Readonly<Record<string, string | undefined>>,
  log: { warn(fields: object, message: string): void },
): void {
  const { NOTIFY_SOCKET, PATH } = env;
  if (NOTIFY_SOCKET === undefined) return;
  const fail = (reason: string) => log.warn({ state, reason }, "systemd was not notified");
  // Without --no-block it waits until systemd has read it.
  const child = spawn("systemd-notify", ["--no-block", ARGUMENTS[state]], {
    env: { NOTIFY_SOCKET, ...(PATH === undefined ? {} : { PATH }) },
    stdio: "ignore",
    timeout: NOTIFY_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  child.unref();
  child.on("error", (error) => fail(error.message));
  child.on("exit", (code, signal) => {
    if (code !== 0) fail(`systemd-notify ended with ${signal ?? code}`);
  });
}
