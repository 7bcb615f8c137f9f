import type { TokenSource } from "../rpc/token.js";

/** When what is next is due, after a call that was not let in. */
export interface CredentialsTimes {
  /** The same token is tried again, which a service may know by then. */
  readonly retry_at_ms: number;
  /** The token is looked at; moved on with each look. */
  look_at_ms: number;
}

export interface CredentialsWait {
  readonly token: Pick<TokenSource, "renewed">;
  readonly times: CredentialsTimes;
  /** Between two looks at the token, also where it is another one each time. */
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
  const { token, times, poll_ms, monotonic_ms, pause } = options;
  for (;;) {
    const now_ms = monotonic_ms();
    if (now_ms >= times.retry_at_ms) return true;
    if (now_ms >= times.look_at_ms) {
      times.look_at_ms = now_ms + poll_ms;
      if (await token.renewed(poll_ms)) return true;
    }
    if (await pause(Math.min(times.retry_at_ms, times.look_at_ms) - now_ms)) return false;
  }
}
