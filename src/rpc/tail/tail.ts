import { type handleServerStreamingCall, Metadata, type ServerWritableStream, status } from "@grpc/grpc-js";
import type { TailSessionsRequest } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import type { Journal, Rows } from "../../journal/index.js";
import { type RpcStatus, refusedStatus, unavailableStatus, unexpectedStatus } from "../errors.js";
import type { RpcLog } from "../unary.js";
import { createOutlet, type Outlet } from "./flow_control.js";
import { createLiveRows } from "./row_broadcast.js";
import { readTailRequest } from "./tail_request.js";
import { createRowFilter, gapMessage, messageOf, type TailRow } from "./tail_row.js";
import { createPace } from "./throttle.js";

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
/** The initial metadata that tells the sequence which the call begins with. */
const FIRST_SEQUENCE = "sessionlog-first-sequence";

type Call = ServerWritableStream<Buffer, Buffer>;

/**
 * TailSessions. A reader has a place in the log and nothing else: when it has caught up it gets each group of rows as it is
 * stored, until then it reads the files. So a slow one costs no more memory than a fast one, and none is ever waited for.
 */
export function createTailCall(parts: TailParts): handleServerStreamingCall<Buffer, Buffer> {
  const { journal, log, max_message_bytes, stall_ms } = parts;
  const live = createLiveRows(journal.onRows);
  const pace = createPace(() => journal.next_sequence);
  let tails = 0;

  async function tail(call: Call, outlet: Outlet): Promise<RpcStatus | undefined> {
    if (journal.state !== "open" && journal.state !== "disk_full") {
      return unavailableStatus(`the session log is ${journal.state}`);
    }
    const read = readTailRequest(call.request);
    if (!read.ok) return refusedStatus(read.violations);
    const { from_sequence } = read.request;
    if (from_sequence > journal.next_sequence) {
      const details = `from_sequence ${from_sequence}: the session log ends with row ${journal.next_sequence - 1}`;
      return { code: status.OUT_OF_RANGE, details };
    }
    if (tails === MAX_TAILS) {
      return { code: status.RESOURCE_EXHAUSTED, details: `${MAX_TAILS} tails are open; there can be no more` };
    }
    tails += 1;
    log.debug({ tails }, "tail opened");
    // What was sent to a reader that does not read is in memory until it is gone.
    const gone = new Promise((resolve) => call.once("close", resolve).once("cancelled", resolve));
    const ending = send(read.request, call, outlet);
    void Promise.allSettled([ending, gone]).then(() => {
      tails -= 1;
    });
    return ending;
  }

  async function send(request: TailSessionsRequest, call: Call, outlet: Outlet): Promise<RpcStatus | undefined> {
    const { signal } = outlet;
    signal.addEventListener("abort", live.wake);
    const passes = createRowFilter(request);
    const rest = pace.begin();
    const end = request.follow ? Number.POSITIVE_INFINITY : journal.next_sequence;
    let next = request.from_sequence || journal.next_sequence;
    if (request.last > 0) {
      const wanted = (line: Buffer) => passes({ sequence: 0, line, canonical: false });
      next = (await journal.findLast({ count: request.last, wanted, signal, pause: rest })) ?? next;
    }
    const metadata = new Metadata();
    metadata.set(FIRST_SEQUENCE, `${next}`);
    if (!signal.aborted) call.sendMetadata(metadata);

    async function sendRow(row: TailRow): Promise<void> {
      const full = outlet.send(messageOf(row, max_message_bytes));
      if (full !== undefined) await full;
    }

    async function sendBlock({ first_sequence, lines }: Rows): Promise<void> {
      if (first_sequence > next) await outlet.send(gapMessage(Math.min(first_sequence, end) - 1));
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
          if (next < journal.next_sequence) await rest();
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

  return (call) => {
    const outlet = createOutlet(call, stall_ms);
    tail(call, outlet)
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
