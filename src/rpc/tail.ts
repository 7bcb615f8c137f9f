import { type handleServerStreamingCall, status } from "@grpc/grpc-js";
import type { Journal, Rows, Search } from "../journal/index.js";
import { type RpcStatus, refusedStatus, unavailableStatus, unexpectedStatus } from "./errors.js";
import { createLiveRows } from "./live_rows.js";
import { createOutlet, type Outlet } from "./outlet.js";
import { createPace } from "./pace.js";
import { readTailRequest } from "./tail_request.js";
import { createRowFilter, gapMessage, messageOf, type TailRow } from "./tail_row.js";
import type { RpcLog } from "./unary.js";

/** What a tail needs of a journal. */
export type TailPort = Pick<Journal, "state" | "next_sequence" | "read" | "findLast" | "onRows">;

export interface TailParts {
  readonly journal: TailPort;
  readonly log: RpcLog;
  /** The longest message that may be sent. */
  readonly max_message_bytes: number;
  /** How long a reader may read nothing while rows wait for it. */
  readonly stall_ms: number;
}

const MAX_TAILS = 64;
const method = "TailSessions";

/**
 * TailSessions. A reader has a place in the log and nothing else: it gets the newest rows from memory, where they are
 * once for all readers, and older ones from the files. So a slow one costs no more memory than a fast one, and none of
 * them is ever waited for.
 */
export function createTailCall(parts: TailParts): handleServerStreamingCall<Buffer, Buffer> {
  const { journal, log, max_message_bytes, stall_ms } = parts;
  const live = createLiveRows(journal.onRows);
  let tails = 0;

  async function tail(bytes: Buffer, outlet: Outlet): Promise<RpcStatus | undefined> {
    if (journal.state !== "open" && journal.state !== "disk_full") {
      return unavailableStatus(`the session log is ${journal.state}`);
    }
    const read = readTailRequest(bytes);
    if (!read.ok) return refusedStatus(read.violations);
    if (tails === MAX_TAILS) {
      return { code: status.RESOURCE_EXHAUSTED, details: `${MAX_TAILS} tails are open; there can be no more` };
    }
    tails += 1;
    outlet.signal.addEventListener("abort", live.wake);
    log.debug({ tails }, "tail opened");
    try {
      return await send(read.request, outlet);
    } finally {
      tails -= 1;
    }
  }

  async function send(request: Request, outlet: Outlet): Promise<RpcStatus | undefined> {
    const { signal } = outlet;
    const passes = createRowFilter(request);
    const end = request.follow ? Number.POSITIVE_INFINITY : journal.next_sequence;
    const pace = createPace(() => journal.next_sequence);
    let next = await firstSequence(request, { passes, signal, pause: pace.rest });

    async function sendRow(row: TailRow): Promise<void> {
      const full = outlet.send(messageOf(row, max_message_bytes));
      if (full !== undefined) await full;
    }

    async function sendBlock({ first_sequence, lines }: Rows): Promise<void> {
      if (first_sequence > next) await outlet.send(gapMessage(first_sequence - 1));
      next = first_sequence;
      for (const line of lines) {
        if (signal.aborted || next >= end) return;
        const row = { sequence: next, line, canonical: false };
        if (passes(row)) await sendRow(row);
        next += 1;
      }
    }

    while (!signal.aborted && next < end) {
      if (next < journal.next_sequence) {
        for await (const block of journal.read(next)) {
          await sendBlock(block);
          if (signal.aborted || next >= end) break;
          await pace.rest();
        }
      } else {
        const found = await live.wait(next, passes);
        for (const row of found.rows) {
          if (signal.aborted) break;
          await sendRow(row);
          next = row.sequence + 1;
        }
        if (!signal.aborted) next = found.next;
      }
    }
    if (!outlet.stalled) return undefined;
    const details = `nothing was read for ${stall_ms / 1_000} s; go on with from_sequence ${next}`;
    return { code: status.ABORTED, details };
  }

  async function firstSequence(
    { from_sequence, last }: Request,
    { passes, ...search }: Pick<Search, "signal" | "pause"> & { readonly passes: (row: TailRow) => boolean },
  ): Promise<number> {
    if (from_sequence > 0) return from_sequence;
    const next = journal.next_sequence;
    if (last === 0) return next;
    const wanted = (line: Buffer) => passes({ sequence: 0, line, canonical: false });
    return (await journal.findLast({ ...search, count: last, wanted })) ?? next;
  }

  return (call) => {
    const outlet = createOutlet(call, stall_ms);
    tail(call.request, outlet)
      .catch((error: unknown) => {
        if (outlet.signal.aborted) return undefined;
        log.error({ err: error, method }, "a call failed unexpectedly");
        return unexpectedStatus();
      })
      .then((ending) => {
        if (ending === undefined) {
          call.end();
          return;
        }
        log.debug({ method, code: ending.code, reason: ending.details }, "call refused");
        call.emit("error", ending);
      });
  };
}

type Request = Extract<ReturnType<typeof readTailRequest>, { ok: true }>["request"];
