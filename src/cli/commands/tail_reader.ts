import type { ApiClient, CallFailure, TailMessage } from "@sessionlog/client/rpc/api_client";
import type { TailSessionsRequest } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { type CliContext, WorkError } from "../context.js";

interface TailReaderOptions {
  readonly client: Pick<ApiClient, "tail">;
  readonly address: string;
  readonly onMessage: (message: TailMessage) => Promise<void>;
  readonly signal: AbortSignal;
  readonly context: Pick<CliContext, "stdout" | "stderr" | "sleep">;
}

const retryPause_ms = 1_000;

/**
 * Reads what a request is for, each row once, though the service ends the call because its messages were not taken for too
 * long, or, when it follows, is restarted. Ends early, without an error, on abort or when nobody reads standard output.
 *
 * @throws WorkError
 */
export async function readTail(request: Partial<TailSessionsRequest>, options: TailReaderOptions): Promise<void> {
  const { client, address, onMessage, signal, context } = options;
  const { stdout, stderr, sleep } = context;
  const unread = new AbortController();
  const abort = () => unread.abort();
  // A pipe that nobody reads any more goes on calling itself writable.
  stdout.on("error", abort).on("close", abort);
  const ended = AbortSignal.any([signal, unread.signal]);
  let next: number | undefined;
  let away = false;

  async function call(from: Partial<TailSessionsRequest>): Promise<CallFailure | undefined> {
    const onBegin = (first_sequence: number) => {
      next ??= first_sequence;
      away = false;
    };
    const messages = client.tail(from, { signal: ended, onBegin });
    for (;;) {
      const turn = await messages.next();
      if (turn.done === true) return turn.value;
      if (!ended.aborted) await onMessage(turn.value);
      next = turn.value.sequence + 1;
    }
  }

  try {
    for (;;) {
      const before = next;
      const failure = await call(next === undefined ? request : { ...request, last: 0, from_sequence: next });
      if (failure === undefined || ended.aborted) return;
      if (failure.code_name === "ABORTED" && next !== before) continue;
      const waits = request.follow === true && failure.code_name === "UNAVAILABLE" && next !== undefined;
      if (!waits) throw new WorkError(`${address}: ${failure.code_name}: ${failure.message}`);
      if (!away) stderr.write(`sessionlog: ${address}: ${failure.message}; waiting for the service\n`);
      away = true;
      await sleep(retryPause_ms);
    }
  } finally {
    stdout.off("error", abort).off("close", abort);
  }
}
