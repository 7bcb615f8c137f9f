import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { Timestamp } from "@sessionlog/protocol/gen/google/protobuf/timestamp";
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
  readonly rows: readonly Row[];
  readonly refused: readonly RefusedRow[];
}

/** What rows without session_id or timestamp get. */
export interface RowStamps {
  session_id(): string;
  now_ms(): number;
}

/** The field numbers of SessionRecord. */
const sessionIdField = 2;
const timestampField = 3;
const lengthDelimited = 2;

/**
 * Cuts lines into batches of at most `max_rows` lines and `max_bytes` bytes, as text and as records; a larger line has a batch to itself.
 */
export async function* cutBatches(
  chunks: AsyncIterable<readonly Line[]>,
  { max_rows, max_bytes, readRow }: { max_rows: number; max_bytes: number; readRow: (line: Line) => Row | RefusedRow },
): AsyncGenerator<Batch> {
  let rows: Row[] = [];
  let refused: RefusedRow[] = [];
  let last_line = 0;
  let bytes = 0;
  for await (const chunk of chunks) {
    for (const line of chunk) {
      const row = readRow(line);
      const size = Math.max(line.bytes?.length ?? 0, "record" in row ? row.record.length : 0);
      const lines = rows.length + refused.length;
      if (lines > 0 && (lines === max_rows || bytes + size > max_bytes)) {
        yield { last_line, rows, refused };
        rows = [];
        refused = [];
        bytes = 0;
      }
      last_line = line.number;
      bytes += size;
      if ("record" in row) rows.push(row);
      else refused.push(row);
    }
  }
  if (rows.length + refused.length > 0) yield { last_line, rows, refused };
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
  const fields = fieldsOf(record.bytes);
  const missing = [
    ...(fields.has(sessionIdField) ? [] : ["session_id"]),
    ...(fields.has(timestampField) ? [] : ["timestamp"]),
  ];
  if (missing.length === 0) return { line, record: record.bytes };
  if (stamps === undefined) {
    const description = "expected the row's own, so that sending it again is safe; or give --stamp";
    const violations = missing.map((name) => ({ field: `record.${name}`, reason: "REQUIRED", description }));
    return { line, violations, omitted: 0 };
  }
  return { line, record: stamp(record.bytes, fields, stamps) };
}

/** The numbers of the fields that a message has. */
function fieldsOf(message: Uint8Array): ReadonlySet<number> {
  const fields = new Set<number>();
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    fields.add(field);
    reader.skip(type, field);
  }
  return fields;
}

/** Fields put behind a message belong to it: protobuf messages may be joined. */
function stamp(message: Uint8Array, fields: ReadonlySet<number>, stamps: RowStamps): Uint8Array {
  const writer = new BinaryWriter();
  if (!fields.has(sessionIdField)) writer.tag(sessionIdField, lengthDelimited).string(stamps.session_id());
  if (!fields.has(timestampField)) {
    const now_ms = stamps.now_ms();
    const seconds = Math.floor(now_ms / 1000);
    const nanos = Math.round((now_ms - seconds * 1000) * 1e6);
    writer.tag(timestampField, lengthDelimited).bytes(Timestamp.encode({ seconds, nanos }).finish());
  }
  return Buffer.concat([message, writer.finish()]);
}
