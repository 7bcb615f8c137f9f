import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { TAIL_SESSIONS_RESPONSE_FIELDS } from "@sessionlog/protocol/gen/fields";
import { TailSessionsResponse } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { judgeLine, recordJsonToBytes } from "../../record/index.js";
import type { Caller } from "../security/callers.js";
import { ownsDaemon } from "../security/daemons.js";

/** A row on its way to the readers of a tail. What is derived from it is derived once for all of them. */
export interface TailRow {
  readonly sequence: number;
  /** Without its "\n". */
  readonly line: Buffer;
  /** Whether this service printed it: its keys are in the row's order then, and there are no others. */
  readonly canonical: boolean;
  facts?: RowFacts;
  message?: Buffer;
}

/** What filters compare. */
type Fact = "kind" | "daemon" | "model" | "final_verdict" | "grounded_in_roster";
type RowFacts = Partial<Record<Fact, unknown>>;

/** A request's filters; an empty list lets all rows pass. */
export interface RowFilters {
  readonly kinds: readonly string[];
  readonly daemons: readonly string[];
  readonly models: readonly string[];
  readonly verdicts: readonly string[];
  readonly ungrounded_only: boolean;
}

/** Whether a row passes and, if a caller is known, is the caller's. What is not a JSON object passes only without filters. */
export function createRowFilter(filters: RowFilters, caller?: Caller): (row: TailRow) => boolean {
  const wanted: { readonly fact: Fact; readonly values: ReadonlySet<unknown> }[] = [];
  const want = (fact: Fact, values: readonly unknown[]) => {
    if (values.length > 0) wanted.push({ fact, values: new Set(values) });
  };
  want("kind", filters.kinds);
  want("daemon", filters.daemons);
  want("model", filters.models);
  want("final_verdict", filters.ungrounded_only ? ["accepted"] : []);
  want("final_verdict", filters.verdicts);
  want("grounded_in_roster", filters.ungrounded_only ? [false] : []);
  return (row) => {
    for (const { fact, values } of wanted) if (!values.has(factOf(row, fact))) return false;
    return caller === undefined || ownsDaemon(caller, factOf(row, "daemon"));
  };
}

function factOf(row: TailRow, fact: Fact): unknown {
  row.facts ??= row.canonical ? {} : parsedFacts(row.line);
  if (row.canonical && !(fact in row.facts)) row.facts[fact] = scannedFact(row.line, fact);
  return row.facts[fact];
}

function parsedFacts(line: Buffer): RowFacts {
  try {
    const value: unknown = JSON.parse(line.toString());
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

const FINDERS: Readonly<Record<Exclude<Fact, "grounded_in_roster">, Buffer>> = {
  kind: Buffer.from(',"kind":"'),
  daemon: Buffer.from(',"daemon":"'),
  model: Buffer.from(',"model":"'),
  final_verdict: Buffer.from(',"final_verdict":"'),
};
const TEXT_END = Buffer.from('","');
const UNGROUNDED = Buffer.from(',"grounded_in_roster":false');

/**
 * Reads a canonical row without parsing it, which would cost each append a tenth of its time. Within a JSON string every
 * quote has a backslash before it, so that the first match is the row's own key: artifact and the rest come later.
 */
function scannedFact(line: Buffer, fact: Fact): unknown {
  if (fact === "grounded_in_roster") {
    const end = line.lastIndexOf(',"duration_ms":');
    return line.subarray(Math.max(0, end - UNGROUNDED.length), end).equals(UNGROUNDED) ? false : undefined;
  }
  const finder = FINDERS[fact];
  const start = line.indexOf(finder) + finder.length;
  const text = line.toString("utf8", start, line.indexOf(TEXT_END, start));
  return text.includes("\\") ? parsedFacts(line)[fact] : text;
}

/** Tags, the sequence and a length. */
const FRAME_BYTES = 32;

/**
 * A row as an encoded TailSessionsResponse; without a record when the row is not one, or when the message would be longer
 * than `bytes_max`.
 */
export function messageOf(row: TailRow, bytes_max: number): Buffer {
  row.message ??= encode(row, bytes_max);
  return row.message;
}

function encode(row: TailRow, bytes_max: number): Buffer {
  const { sequence, line, canonical } = row;
  if (!canonical && judgeLine(line).kind !== "row") return gapMessage(sequence);
  const record = readRecord(line.toString());
  if (!record.ok || record.bytes.length > bytes_max - FRAME_BYTES) return gapMessage(sequence);
  const head = new BinaryWriter().uint32(TAIL_SESSIONS_RESPONSE_FIELDS.record.tag).uint32(record.bytes.length).finish();
  return Buffer.concat([gapMessage(sequence), head, record.bytes]);
}

/** A row's record; without its timestamp when only that is unusable, such as 23:59:60Z. */
function readRecord(text: string): ReturnType<typeof recordJsonToBytes> {
  const record = recordJsonToBytes(text);
  if (record.ok || record.violations.some(({ field }) => field !== "record.timestamp")) return record;
  const row: unknown = JSON.parse(text);
  return recordJsonToBytes(JSON.stringify({ ...Object(row), timestamp: undefined }));
}

/** An encoded TailSessionsResponse without a record: a gap that ends with that sequence. */
export function gapMessage(sequence: number): Buffer {
  return Buffer.from(TailSessionsResponse.encode({ sequence, record: undefined }).finish());
}
