import { type handleServerStreamingCall, Metadata, type ServerWritableStream, status } from "@grpc/grpc-js";
import type { TailSessionsRequest } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { type AppendLog, JournalShortage, type RowReader, type Rows } from "../../journal/index.js";
import { describeCall, type LoggedCall, logCall, logDefect } from "../call_log.js";
import { type RpcStatus, refusedStatus, unavailableStatus, unexpectedStatus } from "../errors.js";
import type { RpcObserver } from "../observer.js";
import type { CallParts } from "../unary.js";
import { type BoundedStream, createBoundedStream } from "./flow_control.js";
import { createRowBroadcast } from "./row_broadcast.js";
import { readTailRequest } from "./tail_request.js";
import { createRowFilter, gapMessage, messageOf, type TailRow } from "./tail_row.js";
import { createReadThrottle } from "./throttle.js";

/** What a tail needs of a journal. */
export type TailPort = Pick<AppendLog, "state"> & RowReader;

export interface TailParts extends CallParts {
  readonly journal: TailPort;
  readonly observer: Pick<RpcObserver, "tailsChanged">;
  /** The longest message that may be sent. */
  readonly message_bytes_max: number;
  /** How long a client may read nothing while rows are buffered for it. May change, for tails to come. */
  readonly stall_ms: number;
}

const method = "TailSessions";
/** Initial metadata: the sequence that the call begins with. */
const FIRST_SEQUENCE = "sessionlog-first-sequence";

type Call = ServerWritableStream<Buffer, Buffer>;

/**
 * TailSessions. Keeps one position (the next sequence) per reader, nothing else: a reader that has caught up gets each
 * group of rows as it is stored, until then it reads the files. So a slow reader costs no more memory than a fast one, and
 * nothing ever waits for a reader.
 */
export function createTailCall(parts: TailParts): handleServerStreamingCall<Buffer, Buffer> {
  const { journal, log, observer, callers, message_bytes_max } = parts;
  const broadcast = createRowBroadcast(journal.onRows);
  const throttle = createReadThrottle(() => journal.next_sequence);
  let tails = 0;

  function logged(call: Call): LoggedCall {
    const { metadata, request } = call;
    return { method, metadata, caller: callers.of(metadata), peer: call.getPeer(), bytes: request.length };
  }

  async function tail(call: Call, stream: BoundedStream): Promise<RpcStatus | undefined> {
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
    observer.tailsChanged(++tails);
    if (log.isLevelEnabled("debug")) log.debug({ ...describeCall(logged(call)), tails }, "tail opened");
    // What was sent to a client that does not read is in memory until the client is gone.
    const gone = new Promise((resolve) => call.once("close", resolve).once("cancelled", resolve));
    const sent = send(read.request, call, stream);
    void Promise.allSettled([sent, gone]).then(() => observer.tailsChanged(--tails));
    return sent;
  }

  async function send(request: TailSessionsRequest, call: Call, stream: BoundedStream): Promise<RpcStatus | undefined> {
    const { signal } = stream;
    signal.addEventListener("abort", broadcast.wake);
    const passes = createRowFilter(request, callers.of(call.metadata));
    const pause = throttle.begin();
    const end = request.follow ? Number.POSITIVE_INFINITY : journal.next_sequence;
    let next = request.from_sequence || journal.next_sequence;
    if (request.last > 0) {
      const wanted = (line: Buffer) => passes({ sequence: 0, line, canonical: false });
      next = (await journal.findLast({ count: request.last, wanted, signal, pause })) ?? next;
    }
    const metadata = new Metadata();
    metadata.set(FIRST_SEQUENCE, `${next}`);
    if (!signal.aborted) call.sendMetadata(metadata);

    async function sendRow(row: TailRow): Promise<void> {
      const full = stream.send(messageOf(row, message_bytes_max));
      if (full !== undefined) await full;
    }

    async function sendBlock({ first_sequence, lines }: Rows): Promise<void> {
      if (first_sequence > next) await stream.send(gapMessage(Math.min(first_sequence, end) - 1));
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
          if (next < journal.next_sequence) await pause();
        }
      } else {
        const found = await broadcast.wait(next, passes);
        for (const row of found.rows) {
          if (signal.aborted) break;
          await sendRow(row);
          next = row.sequence + 1;
        }
        if (!signal.aborted) next = found.next;
      }
    }
    if (!stream.stalled) return undefined;
    const details = `nothing was read for ${stream.stall_ms / 1_000} s; continue with from_sequence ${next}`;
    return { code: status.ABORTED, details };
  }

  return (call) => {
    const stream = createBoundedStream(call, parts.stall_ms);
    tail(call, stream)
      .catch((error: unknown) => {
        if (stream.signal.aborted) return undefined;
        if (error instanceof JournalShortage) return unavailableStatus(error.message);
        logDefect(log, method, error);
        return unexpectedStatus();
      })
      .then((failure) => {
        if (log.isLevelEnabled("debug"))
          logCall(log, logged(call), failure ?? { code: stream.signal.aborted ? status.CANCELLED : status.OK });
        if (failure === undefined) call.end();
        else call.emit("error", failure);
      });
  };
}
