import { isUtf8 } from "node:buffer";
import { SESSION_ATTEMPT_FIELDS, SESSION_RECORD_FIELDS } from "@sessionlog/protocol/gen/fields";
import { SCHEMA } from "@sessionlog/protocol/gen/limits";
import { createJsonScanner, LEVELS_MAX } from "./scan_json.js";

/**
 * What a line of a session log is: the same for all that read it.
 *
 * - `blank`: nothing but blanks; ignored
 * - `row`: a row of this schema, whether or not its values are valid
 * - `foreign`: a JSON object with another schema, or with none; counted
 * - `unreadable`: no row, counted, and what is in it is not known
 */
export type Judgement =
  | { readonly kind: "blank" }
  /** `ambiguous`: an object within it has a key twice, or may have; JSON.parse takes the last. */
  | { readonly kind: "row"; readonly ambiguous: boolean }
  | { readonly kind: "foreign"; readonly schema: string | undefined }
  /** `convertible`: though no row, it is a record that can be stored as one. */
  | { readonly kind: "unreadable"; readonly why: Unreadable; readonly convertible?: true };

/** As a violation has it. */
export interface Unreadable {
  readonly field: string;
  readonly reason: "INVALID_ENCODING" | "INVALID_FORMAT" | "TOO_LONG" | "TOO_DEEP";
  readonly description: string;
}

const record = (reason: Unreadable["reason"], description: string): Judgement => ({
  kind: "unreadable",
  why: { field: "record", reason, description },
});
const BLANK: Judgement = { kind: "blank" };
const ROW: Judgement = { kind: "row", ambiguous: false };
const AMBIGUOUS: Judgement = { kind: "row", ambiguous: true };
const TOO_LONG = record("TOO_LONG", "expected at most 16 MiB in a line");
const NO_UTF8 = record("INVALID_ENCODING", "expected UTF-8");
const FAULTS = {
  "not a JSON object": record("INVALID_ENCODING", "expected a JSON object"),
  "half of a surrogate pair": record("INVALID_ENCODING", "is not valid Unicode: half of a surrogate pair"),
  "too many levels": record("TOO_DEEP", `expected at most ${LEVELS_MAX} levels of objects and lists`),
};

const NAMES = Object.keys(SESSION_RECORD_FIELDS);
const ATTEMPT_NAMES = Object.keys(SESSION_ATTEMPT_FIELDS);
const camelCase = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const spellings = (name: string) => [name, camelCase(name)] as const;
const scan = createJsonScanner(NAMES.map(spellings), { list: "attempts", names: ATTEMPT_NAMES.map(spellings) });
/** By key. ProtoJSON has these, too; DuckDB takes them for keys of another program, and what they say for missing. */
const MISSPELLED = new Map([...NAMES, ...ATTEMPT_NAMES].map((name) => [camelCase(name), misspelling(name)]));
const DOUBLED = NAMES.map((name): Judgement => {
  const why = { field: `record.${name}`, reason: "INVALID_FORMAT", description: "is given twice" } as const;
  return { kind: "unreadable", why };
});

function misspelling(name: string): Judgement {
  const field = NAMES.includes(name) ? "record" : "record.attempts";
  const description = `has the key ${camelCase(name)}, expected ${name}`;
  return { kind: "unreadable", why: { field, reason: "INVALID_FORMAT", description }, convertible: true };
}

const ROW_SCHEMA = Buffer.from(JSON.stringify(SCHEMA));

/**
 * Judges a line of a session log. Never throws.
 *
 * @param line without its "\n", and without the byte order mark that a file may begin with; undefined for one of more than 16 MiB
 * @param is_utf8 whether the line is known to be valid UTF-8
 */
export function judgeLine(line: Buffer | undefined, is_utf8 = false): Judgement {
  if (line === undefined) return TOO_LONG;
  if (isBlank(line)) return BLANK;
  if (!is_utf8 && !isUtf8(line)) return NO_UTF8;
  const { fault, doubled, misspelled, nested_doubled, first_from, first_to } = scan(line);
  if (fault !== undefined) return FAULTS[fault];
  if (doubled !== -1) return DOUBLED[doubled] ?? FAULTS["not a JSON object"];
  if (!isRowSchema(line, first_from, first_to)) {
    const schema: unknown = first_from === -1 ? undefined : JSON.parse(line.toString("utf8", first_from, first_to));
    if (schema !== SCHEMA) return { kind: "foreign", schema: typeof schema === "string" ? schema : undefined };
  }
  const fallback = nested_doubled ? AMBIGUOUS : ROW;
  return misspelled === undefined ? fallback : (MISSPELLED.get(misspelled) ?? fallback);
}

function isRowSchema(line: Buffer, from: number, to: number): boolean {
  return to - from === ROW_SCHEMA.length && ROW_SCHEMA.compare(line, from, to) === 0;
}

/** Whether there is nothing but JSON's blanks. */
function isBlank(line: Buffer): boolean {
  for (const byte of line) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  return true;
}

/** Whether DuckDB may take a line for something else than it is: it may have no rows of the log in it, or others. */
export function isOddLine(line: Buffer | undefined): boolean {
  const judged = judgeLine(line);
  return judged.kind === "unreadable" || (judged.kind === "row" && judged.ambiguous);
}

/** Whether a line has the schema of a row of this log, of any version. */
export function isSessionLine(line: Buffer): boolean {
  const judged = judgeLine(line);
  if (judged.kind === "foreign") return judged.schema?.startsWith("session.iterate.") === true;
  return judged.kind === "row" || (judged.kind === "unreadable" && judged.convertible === true);
}
