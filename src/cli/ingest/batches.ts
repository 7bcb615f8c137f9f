import { SESSION_RECORD_FIELDS } from "@sessionlog/protocol/gen/fields";
import { SessionRecord } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { createCursor, readTag, skipField } from "@sessionlog/protocol/wire/reader";
import { lineRecord, type ShownViolation } from "./line_record.js";
import type { Line } from "./lines.js";

/** A row that is ready to be stored. */
export interface Row {
  readonly line: Line;
  /** What is sent: protobuf bytes to a service, the row itself to a journal. */
  readonly record: Uint8Array;
}

/** A row that is not stored. */
export interface RefusedRow {
  readonly line: Line;
  readonly violations: readonly ShownViolation[];
  /** How many more violations the service found than it listed. */
  readonly omitted: number;
}

/** Lines that follow each other: those to be stored in one call, and those that are refused without it. */
export interface Batch {
  /** The number of the last of them. */
  readonly last_line: number;
  /** Where it ends, in a file that is followed. */
  readonly end?: number | undefined;
  readonly rows: readonly Row[];
  readonly refused: readonly RefusedRow[];
}

/** What rows without session_id or timestamp get. */
export interface RowStamps {
  session_id(line: Line): string;
  now_ms(line: Line): number;
}

/** All fields with their defaults, of which nothing is written. */
const EMPTY_RECORD = SessionRecord.decode(new Uint8Array());

/**
 * Cuts lines into batches of at most `max_rows` lines and `max_bytes` bytes, as text and as records; a larger line is a
 * batch of its own. An empty group of lines ends a batch.
 */
export async function* cutBatches(
  chunks: AsyncIterable<readonly Line[]>,
  { max_rows, max_bytes, readRow }: { max_rows: number; max_bytes: number; readRow: (line: Line) => Row | RefusedRow },
): AsyncGenerator<Batch> {
  let rows: Row[] = [];
  let refused: RefusedRow[] = [];
  let last_line = 0;
  let end: number | undefined;
  let bytes = 0;
  function take(): Batch {
    const batch = { last_line, end, rows, refused };
    rows = [];
    refused = [];
    bytes = 0;
    return batch;
  }
  for await (const chunk of chunks) {
    for (const line of chunk) {
      const row = readRow(line);
      const size = Math.max(line.bytes?.length ?? 0, "record" in row ? row.record.length : 0);
      const lines = rows.length + refused.length;
      if (lines > 0 && (lines === max_rows || bytes + size > max_bytes)) {
        yield take();
      }
      last_line = line.number;
      end = line.end;
      bytes += size;
      if ("record" in row) rows.push(row);
      else refused.push(row);
    }
    if (chunk.length === 0 && rows.length + refused.length > 0) {
      yield take();
    }
  }
  if (rows.length + refused.length > 0) yield take();
}

/**
 * Reads the record of a line for a service.
 *
 * @param stamps undefined: rows without session_id or timestamp are refused, since sending them again would not be safe
 */
export function createRecordReader(stamps: RowStamps | undefined): (line: Line) => Row | RefusedRow {
  return (line) => readRow(line, stamps);
}

function readRow(line: Line, stamps: RowStamps | undefined): Row | RefusedRow {
  const record = lineRecord(line);
  if (!record.ok) return { line, violations: record.violations, omitted: 0 };
  const { bytes } = record;
  const session_id = placeOf(bytes, SESSION_RECORD_FIELDS.session_id.tag);
  const timestamp = placeOf(bytes, SESSION_RECORD_FIELDS.timestamp.tag);
  if (session_id.found && timestamp.found) return { line, record: bytes };
  if (stamps === undefined) {
    const missing = [...(session_id.found ? [] : ["session_id"]), ...(timestamp.found ? [] : ["timestamp"])];
    const description = "expected the row's own, so that sending it again is safe; or give --stamp";
    const violations = missing.map((name) => ({ field: `record.${name}`, reason: "REQUIRED", description }));
    return { line, violations, omitted: 0 };
  }
  const stamped = SessionRecord.encode({
    ...EMPTY_RECORD,
    session_id: session_id.found ? "" : stamps.session_id(line),
    timestamp: timestamp.found ? undefined : timeOf(stamps.now_ms(line)),
  }).finish();
  // The two fields are neighbours, and fields stay in rising order.
  const { at } = session_id.found ? timestamp : session_id;
  return { line, record: Buffer.concat([bytes.subarray(0, at), stamped, bytes.subarray(at)]) };
}

/** Where a field begins, or belongs, in a message whose fields are in rising order. */
function placeOf(message: Uint8Array, wanted: number): { readonly found: boolean; readonly at: number } {
  const cursor = createCursor(message);
  while (cursor.at < cursor.end) {
    const { at } = cursor;
    const tag = readTag(cursor);
    if (tag >= wanted) return { found: tag === wanted, at };
    skipField(cursor, tag);
  }
  return { found: false, at: message.length };
}

function timeOf(now_ms: number): { readonly seconds: number; readonly nanos: number } {
  const seconds = Math.floor(now_ms / 1000);
  return { seconds, nanos: Math.round((now_ms - seconds * 1000) * 1e6) };
}
