import { TailSessionsResponse } from "../gen/sessionlog/v1/session_log.js";
import { recordJsonToBytes } from "../record/index.js";

/** A row on its way to those who read the log's end. What is made of it is made once for all of them. */
export interface TailRow {
  readonly sequence: number;
  /** Without its "\n". */
  readonly line: Buffer;
  facts?: RowFacts | undefined;
  message?: Buffer;
}

/** What rows are chosen by, as far as the row has it. */
type RowFacts = Readonly<Record<string, unknown>>;

/** A request's filters; an empty list lets all rows pass. */
export interface RowFilters {
  readonly kinds: readonly string[];
  readonly daemons: readonly string[];
  readonly models: readonly string[];
  readonly verdicts: readonly string[];
  readonly ungrounded_only: boolean;
}

/** Whether a row passes. What is no JSON object passes only when there is no filter. */
export function createRowFilter(filters: RowFilters): (row: TailRow) => boolean {
  const lists = {
    kind: filters.kinds,
    daemon: filters.daemons,
    model: filters.models,
    final_verdict: filters.verdicts,
  };
  const wanted = Object.entries(lists)
    .filter(([, values]) => values.length > 0)
    .map(([key, values]) => [key, new Set<unknown>(values)] as const);
  if (wanted.length === 0 && !filters.ungrounded_only) return () => true;
  return (row) => {
    const facts = factsOf(row);
    return wanted.every(([key, values]) => values.has(facts[key])) && (!filters.ungrounded_only || isUngrounded(facts));
  };
}

function factsOf(row: TailRow): RowFacts {
  row.facts ??= parseObject(row.line);
  return row.facts;
}

function parseObject(line: Buffer): RowFacts {
  try {
    const value: unknown = JSON.parse(line.toString());
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Accepted, checked, and not everybody who is named is on the roster. */
export function isUngrounded(row: {
  readonly final_verdict?: unknown;
  readonly grounded_in_roster?: unknown;
}): boolean {
  return row.final_verdict === "accepted" && row.grounded_in_roster === false;
}

/** TailSessionsResponse.record: field 2, length-delimited. */
const RECORD_TAG = 0x12;
/** Tags, the sequence and a length. */
const FRAME_BYTES = 32;

/**
 * A row as an encoded TailSessionsResponse; without a record when the row is none, or when the message would be longer
 * than `max_bytes`.
 */
export function messageOf(row: TailRow, max_bytes: number): Buffer {
  row.message ??= encode(row, max_bytes);
  return row.message;
}

function encode({ sequence, line }: TailRow, max_bytes: number): Buffer {
  const record = recordJsonToBytes(line.toString());
  if (!record.ok || record.bytes.length > max_bytes - FRAME_BYTES) return gapMessage(sequence);
  return Buffer.concat([gapMessage(sequence), Buffer.of(RECORD_TAG, ...varint(record.bytes.length)), record.bytes]);
}

/** An encoded TailSessionsResponse without a record: it tells of a gap that ends with that sequence. */
export function gapMessage(sequence: number): Buffer {
  return Buffer.from(TailSessionsResponse.encode({ sequence, record: undefined }).finish());
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
