/**
 * Protobuf bytes → the row's bytes in one pass, for regular records: their fields once and in the order of their
 * numbers, as every protobuf library writes them, and nothing wrong with any of them. All others are left to the
 * reference path, which alone says what is wrong. So it is never wrong to find a record irregular, only slow; what
 * follows is why it is never wrong to find one regular.
 *
 * Order. The row's keys are in the order of the fields' numbers, and copyRecord below goes through both at once. Each
 * line says: when this field is next, copy it, else write what the row has without it. Whatever is out of order,
 * repeated, unknown or of another wire type is taken by no line, and the pass then does not end where the record ends.
 *
 * Values. Every limit, pattern and word is taken from the JSON Schema that the reference path compiles (rules.ts),
 * every tag from the generated tables. A name may have the characters that the schema's own pattern allows; a text is
 * written as it came, escaped as JSON.stringify does, and must be UTF-8. Where a rule is long to state in bytes, the
 * record is irregular: times before 1970, names beyond ASCII, keys that UTF-16 sorts in another order, an empty error.
 *
 * Reading. Nothing is read beyond the innermost message: a length that reaches beyond it is irregular, and nothing is
 * read that `end` does not allow. The first irregular thing moves `at` and `end` to the record's end, where `take`
 * finds nothing, so that every loop ends; nothing is thrown. Only an artifact's objects and lists nest, as deep as
 * rules.ts allows.
 *
 * Writing. Each byte of the record is written once, and what it can become is bounded (slab.ts); room for that is taken
 * before the record is begun. What was written of an irregular record is written over by the next one.
 *
 * Proof. `npm run test:faults -- equality --long` compares with the reference path: the rows, the facts beside them,
 * and that nothing is accepted that it refuses.
 *
 * To add a field: its key to KEYS, without which this file does not compile; its limits to rules.ts; its line to
 * copyRecord, in the order of the numbers; and its value to test/record/one_pass/random_records.ts. Until then records
 * that have it are irregular, and stored as the reference path says.
 */
import { SESSION_RECORD_FIELDS as RECORD } from "@sessionlog/protocol/gen/fields";
import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import type { Timestamp } from "@sessionlog/protocol/timestamp";
import { type AcceptedRecord, acceptRecord, type RowFacts, type Stamps } from "../types.js";
import { copyArtifact } from "./artifact.js";
import { ACCEPTED, copyAttempts } from "./attempts.js";
import { copyKnown, copyName, copyRequired, type NameRule, skipWord, type Word, wordOf, writeName } from "./names.js";
import {
  beginRecord,
  copyNumber,
  createPass,
  endRecord,
  LITERAL_SURPLUS_MAX,
  type Literal,
  literal,
  markIrregular,
  type Pass,
  readNumber,
  take,
  write,
  writeByte,
} from "./pass.js";
import { type RecordSchema, type Rules, rulesOf } from "./rules.js";
import { createSlab, RECORD_BYTES_MAX } from "./slab.js";
import { copyText, EMPTY_TEXT } from "./text.js";
import { readTimestamp, writeTimestamp } from "./timestamp.js";

/** What the row has before each value: a text's last quote, the key, and a text's first quote. */
const KEYS = {
  schema: literal('{"schema":"'),
  session_id: literal('","session_id":"'),
  timestamp: literal('","timestamp":"'),
  daemon: literal('","daemon":"'),
  kind: literal('","kind":"'),
  model: literal('","model":"'),
  provider: literal('","provider":"'),
  prompt: literal('","prompt":'),
  iterations: literal(',"iterations":'),
  max_iterations: literal(',"max_iterations":'),
  final_verdict: literal(',"final_verdict":"'),
  attempts: literal('","attempts":['),
  artifact: literal(',"artifact":'),
  grounded_in_roster: literal(',"grounded_in_roster":'),
  duration_ms: literal(',"duration_ms":'),
} satisfies Record<keyof typeof RECORD, Literal>;

const TRUE = literal("true");
const FALSE = literal("false");
const END_OF_ROW = literal("}\n");
const CLOSE_LIST = 0x5d;

/** A time, the numbers and brackets of an empty row, and what a literal has too many. */
const DEFAULTS_BYTES_MAX = 64 + LITERAL_SURPLUS_MAX;

/** Gives the row of a regular record; undefined for one that the reference path has to judge. */
export type OnePass = (bytes: Uint8Array, stamps: Stamps) => AcceptedRecord | undefined;

/** `kinds`: the values that field kind may have. Throws when the schema has a pattern that cannot be checked here. */
export function createOnePass(kinds: readonly string[], schema: RecordSchema = sessionSchema): OnePass {
  const rules = rulesOf(schema, kinds);
  const keys_bytes = Object.values(KEYS).reduce((sum, { length }) => sum + length, 0);
  const stamps_bytes = rules.schema.literal.length + rules.id.length_max + rules.daemon.length_max;
  const slab = createSlab(keys_bytes + stamps_bytes + DEFAULTS_BYTES_MAX);
  const pass = createPass();
  const copyDaemon = createCopyDaemon(rules.daemon);
  return (bytes, stamps) => {
    if (bytes.length > RECORD_BYTES_MAX) return undefined;
    beginRecord(pass, bytes);
    slab.beginRow(pass, bytes.length);
    const sent = copyRecord(pass, rules, copyDaemon, stamps);
    endRecord(pass);
    if (!pass.regular) return undefined;
    return acceptRecord(slab.endRow(pass), sent.timestamp, sent);
  };
}

/** What is told of a record beside its row. */
interface Sent extends RowFacts {
  readonly timestamp: Timestamp;
}

type CopyDaemon = (pass: Pass, stamps: Stamps) => string;

/** The record's fields, each in its turn. */
function copyRecord(pass: Pass, rules: Rules, copyDaemon: CopyDaemon, stamps: Stamps): Sent {
  const row_start = pass.out;
  write(pass, KEYS.schema);
  if (take(pass, RECORD.schema.tag)) skipWord(pass, rules.schema);
  write(pass, rules.schema.literal);
  write(pass, KEYS.session_id);
  const session_id = copySessionId(pass, rules.id, stamps);
  write(pass, KEYS.timestamp);
  const timestamp = copyTimestamp(pass, stamps);
  write(pass, KEYS.daemon);
  const daemon = copyDaemon(pass, stamps);
  write(pass, KEYS.kind);
  const kind = copyRequired(pass, RECORD.kind.tag, rules.kinds);
  write(pass, KEYS.model);
  copyOptionalName(pass, RECORD.model.tag, rules.name);
  write(pass, KEYS.provider);
  copyOptionalName(pass, RECORD.provider.tag, rules.name);
  write(pass, KEYS.prompt);
  if (take(pass, RECORD.prompt.tag)) copyText(pass, rules.prompt_length_max);
  else write(pass, EMPTY_TEXT);
  write(pass, KEYS.iterations);
  const iterations = copyNumber(pass, RECORD.iterations.tag, rules.iterations);
  write(pass, KEYS.max_iterations);
  const max_iterations = copyNumber(pass, RECORD.max_iterations.tag, rules.max_iterations);
  if (iterations > max_iterations && max_iterations !== 0) markIrregular(pass);
  write(pass, KEYS.final_verdict);
  const final_verdict = copyRequired(pass, RECORD.final_verdict.tag, rules.final_verdicts);
  const accepted = final_verdict === ACCEPTED;
  write(pass, KEYS.attempts);
  copyAttempts(pass, rules, accepted);
  writeByte(pass, CLOSE_LIST);
  if (take(pass, RECORD.artifact.tag)) {
    if (!accepted) markIrregular(pass);
    write(pass, KEYS.artifact);
    copyArtifact(pass, rules.artifact);
  }
  let grounded_in_roster: boolean | undefined;
  if (take(pass, RECORD.grounded_in_roster.tag)) {
    if (!accepted) markIrregular(pass);
    write(pass, KEYS.grounded_in_roster);
    grounded_in_roster = readNumber(pass) !== 0;
    write(pass, grounded_in_roster ? TRUE : FALSE);
  }
  write(pass, KEYS.duration_ms);
  copyNumber(pass, RECORD.duration_ms.tag, rules.duration_ms);
  write(pass, END_OF_ROW);
  if (pass.at !== pass.end || pass.out - row_start > rules.row_bytes_max) markIrregular(pass);
  return { session_id, timestamp, daemon, kind, final_verdict, grounded_in_roster };
}

function copySessionId(pass: Pass, rule: NameRule, stamps: Stamps): string {
  if (take(pass, RECORD.session_id.tag)) return readName(pass, rule);
  const session_id = pass.regular ? stamps.session_id() : "";
  writeName(pass, session_id, rule);
  return session_id;
}

function copyTimestamp(pass: Pass, stamps: Stamps): Timestamp {
  const is_sent = take(pass, RECORD.timestamp.tag);
  const timestamp = is_sent || !pass.regular ? readTimestamp(pass) : stamps.timestamp();
  writeTimestamp(pass, timestamp);
  return timestamp;
}

/** Keeps the daemon that came last: there are few, and comparing is cheaper than making a string. */
function createCopyDaemon(rule: NameRule): CopyDaemon {
  let last: Word | undefined;
  return (pass, stamps) => {
    if (!take(pass, RECORD.daemon.tag)) {
      writeName(pass, stamps.daemon, rule);
      return stamps.daemon;
    }
    if (last !== undefined && copyKnown(pass, last)) return last.text;
    const daemon = readName(pass, rule);
    if (pass.regular) last = wordOf(daemon);
    return daemon;
  };
}

function copyOptionalName(pass: Pass, tag: number, rule: NameRule): void {
  if (take(pass, tag)) copyName(pass, rule);
  else if (rule.length_min > 0) markIrregular(pass);
}

/** Reads and writes a name. Returns it. */
function readName(pass: Pass, rule: NameRule): string {
  const start = pass.out;
  copyName(pass, rule);
  return pass.regular ? pass.memory.toString("latin1", start, pass.out) : "";
}
