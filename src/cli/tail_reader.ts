import type { CallFailure, RawClient, TailMessage } from "../client/raw.js";
import type { TailSessionsRequest } from "../gen/sessionlog/v1/session_log.js";
import { type CliContext, WorkError } from "./context.js";

type Request = Partial<TailSessionsRequest>;

/** Reads the end of a service's log. Both methods end early, without an error, on abort or when nobody reads standard output. */
export interface TailReader {
  /** Reads what is there. Rejects with WorkError. */
  read(start: Pick<Request, "last" | "from_sequence">): Promise<void>;
  /** Reads what is there, unless both are 0, and each new row, until aborted. Rejects with WorkError. */
  follow(last: number, from_sequence: number): Promise<void>;
}

interface TailReaderOptions {
  readonly client: Pick<RawClient, "tail">;
  readonly address: string;
  readonly filters: Request;
  readonly onMessage: (message: TailMessage) => Promise<void>;
  readonly signal: AbortSignal;
  readonly context: Pick<CliContext, "stdout" | "stderr" | "sleep">;
}

/** How long a service that sends what is there may be silent. */
const silence_ms = 60_000;
const retryPause_ms = 1_000;

export function createTailReader(options: TailReaderOptions): TailReader {
  const { client, address, filters, signal, context } = options;
  let next = 1;

  const over = () => signal.aborted || !context.stdout.writable;

  /** Makes one call; resolves with how it ended. `message_ms` is how long it may be silent. */
  async function call(
    request: Request,
    onMessage: (message: TailMessage) => Promise<void> | void,
    message_ms = Number.POSITIVE_INFINITY,
  ): Promise<CallFailure | undefined> {
    const ending = new AbortController();
    const abort = () => ending.abort();
    signal.addEventListener("abort", abort);
    const timer = Number.isFinite(message_ms) ? setTimeout(abort, message_ms) : undefined;
    try {
      const messages = client.tail(request, ending.signal);
      for (;;) {
        const turn = await messages.next();
        if (turn.done === true) return turn.value;
        timer?.refresh();
        if (!over()) await onMessage(turn.value);
        if (over()) abort();
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    }
  }

  async function take(message: TailMessage): Promise<void> {
    await options.onMessage(message);
    next = message.sequence + 1;
  }

  async function readPresent(request: Request, onMessage: (message: TailMessage) => Promise<void> | void) {
    const failure = await call(request, onMessage, silence_ms);
    if (failure !== undefined && !over()) throw failed(failure);
  }

  function failed({ code_name, message }: Pick<CallFailure, "code_name" | "message">): WorkError {
    const why = code_name === "CANCELLED" ? `nothing came for ${silence_ms / 1_000} s` : message;
    return new WorkError(`${address}: ${code_name}: ${why}`);
  }

  return {
    read: (start) => readPresent({ ...filters, ...start }, take),

    async follow(last, from_sequence) {
      // Where to go on is known before anything is printed, so that a restart of the service costs no row.
      let newest = 0;
      await readPresent({ last: 1 }, ({ sequence }) => {
        newest = sequence;
      });
      if (last > 0) await readPresent({ ...filters, last }, take);
      next = from_sequence > 0 ? from_sequence : Math.max(next, newest + 1);
      for (let away = false; !over(); ) {
        const failure = await call({ ...filters, follow: true, from_sequence: next }, (message) => {
          away = false;
          return take(message);
        });
        if (over()) return;
        // ABORTED: standard output is read too slowly.
        if (failure?.code_name === "ABORTED") continue;
        if (failure?.code_name !== "UNAVAILABLE") throw failed(failure ?? unexpectedEnd);
        if (!away) context.stderr.write(`sessionlog: ${address}: ${failure.message}; waiting for the service\n`);
        away = true;
        await context.sleep(retryPause_ms);
      }
    },
  };
}

const unexpectedEnd = { code_name: "OK", message: "the service ended the stream" };
