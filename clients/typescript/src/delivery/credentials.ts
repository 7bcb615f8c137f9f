import type { TokenSource } from "../rpc/token.js";

export interface CredentialsWait {
  readonly token: Pick<TokenSource, "renewed">;
  /** When the same token is to be tried again, which a service may know by then. */
  readonly retry_at_ms: number;
  /** Between two looks at the token. */
  readonly poll_ms: number;
  readonly monotonic_ms: () => number;
  /** Resolves with true to end the wait. */
  readonly pause: (duration_ms: number) => Promise<boolean>;
}

/**
 * Waits after UNAUTHENTICATED until another token is there, or it is time to try the same one again. Resolves with false
 * when the pause has ended the wait.
 */
export async function waitForCredentials(options: CredentialsWait): Promise<boolean> {
  const { token, retry_at_ms, poll_ms, monotonic_ms, pause } = options;
  for (;;) {
    const left_ms = retry_at_ms - monotonic_ms();
    if (left_ms <= 0 || (await token.renewed(poll_ms))) return true;
    if (await pause(Math.min(poll_ms, left_ms))) return false;
  }
}
