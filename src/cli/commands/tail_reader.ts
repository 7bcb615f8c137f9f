import { waitForCredentials } from "@sessionlog/client/delivery/credentials";
import type { CallFailure, TailMessage } from "@sessionlog/client/rpc/api_client";
import type { ServiceClient } from "@sessionlog/client/rpc/service_client";
import type { TailSessionsRequest } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { type CliContext, WorkError } from "../context.js";

interface TailReaderOptions {
  readonly client: Pick<ServiceClient, "tail" | "renewed" | "renewable">;
  readonly address: string;
  readonly onMessage: (message: TailMessage) => Promise<void>;
  readonly signal: AbortSignal;
  readonly context: Pick<CliContext, "stdout" | "stderr" | "sleep" | "monotonic_ms">;
}

const RETRY_PAUSE_MS = 1_000;
/** A token that the service did not take is tried again after this long, another one within a second. */
const CREDENTIALS_RETRY_MS = 60_000;

/**
 * Reads the rows of a request, each once, and calls again when the service ended the call because this reader was too
 * slow or, with follow, because it restarted or the token was renewed. Returns early, without an error, on abort or when standard output closes.
 *
 * @throws WorkError
 */
export async function readTail(request: Partial<TailSessionsRequest>, options: TailReaderOptions): Promise<void> {
  const { client, address, onMessage, signal, context } = options;
  const { stdout, stderr, sleep, monotonic_ms } = context;
  const closed = new AbortController();
  const abort = () => closed.abort();
  // A closed pipe still reports writable; only `error` and `close` show it.
  stdout.on("error", abort).on("close", abort);
  const ended = AbortSignal.any([signal, closed.signal]);
  let next: number | undefined;
  /** What was last reported to be waited for. */
  let unavailable = "";

  async function call(from: Partial<TailSessionsRequest>): Promise<CallFailure | undefined> {
    const onBegin = (first_sequence: number) => {
      next ??= first_sequence;
      unavailable = "";
    };
    const messages = client.tail(from, { signal: ended, onBegin });
    for (;;) {
      const turn = await messages.next();
      if (turn.done === true) return turn.value;
      if (!ended.aborted) await onMessage(turn.value);
      next = turn.value.sequence + 1;
    }
  }

  async function pause(duration_ms: number): Promise<boolean> {
    await sleep(duration_ms);
    return ended.aborted;
  }

  try {
    for (;;) {
      const before = next;
      const failure = await call(next === undefined ? request : { ...request, last: 0, from_sequence: next });
      if (failure === undefined || ended.aborted) return;
      if (failure.code_name === "ABORTED" && next !== before) continue;
      const denied = failure.code_name === "UNAUTHENTICATED" && client.renewable;
      const waits = request.follow === true && (denied || failure.code_name === "UNAVAILABLE") && next !== undefined;
      const refused = failure.code_name === "UNAVAILABLE" && /ECONNREFUSED|ENOENT/.test(failure.message);
      const message = refused ? "no service there" : failure.message;
      if (!waits) throw new WorkError(`${address}: ${refused ? "" : `${failure.code_name}: `}${message}`);
      const awaited = denied ? "another token" : "the service";
      if (unavailable !== awaited) stderr.write(`sessionlog: ${address}: ${message}; waiting for ${awaited}\n`);
      unavailable = awaited;
      if (!denied) await pause(RETRY_PAUSE_MS);
      else {
        const now_ms = monotonic_ms();
        const times = { retry_at_ms: now_ms + CREDENTIALS_RETRY_MS, look_at_ms: now_ms };
        await waitForCredentials({ token: client, times, poll_ms: RETRY_PAUSE_MS, monotonic_ms, pause });
      }
    }
  } finally {
    stdout.off("error", abort).off("close", abort);
  }
}
