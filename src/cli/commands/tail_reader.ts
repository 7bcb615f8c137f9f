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

const RETRY_PAUSE_MS = 1_000;

/**
 * Reads the rows of a request, each once, and calls again when the service ended the call because this reader was too
 * slow or, with follow, because it restarted. Returns early, without an error, on abort or when standard output closes.
 *
 * @throws WorkError
 */
export async function readTail(request: Partial<TailSessionsRequest>, options: TailReaderOptions): Promise<void> {
  const { client, address, onMessage, signal, context } = options;
  const { stdout, stderr, sleep } = context;
  const closed = new AbortController();
  const abort = () => closed.abort();
  // A closed pipe still reports writable; only `error` and `close` show it.
  stdout.on("error", abort).on("close", abort);
  const ended = AbortSignal.any([signal, closed.signal]);
  let next: number | undefined;
  let unavailable = false;

  async function call(from: Partial<TailSessionsRequest>): Promise<CallFailure | undefined> {
    const onBegin = (first_sequence: number) => {
      next ??= first_sequence;
      unavailable = false;
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
      const refused = /ECONNREFUSED|ENOENT/.test(failure.message);
      const message = refused ? "no service there" : failure.message;
      if (!waits) throw new WorkError(`${address}: ${refused ? "" : `${failure.code_name}: `}${message}`);
      if (!unavailable) stderr.write(`sessionlog: ${address}: ${message}; waiting for the service\n`);
      unavailable = true;
      await sleep(RETRY_PAUSE_MS);
    }
  } finally {
    stdout.off("error", abort).off("close", abort);
  }
}
