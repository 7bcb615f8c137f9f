/**
 * The odd lines: what a line of a session log may look like that this service has not written, and what it is to everyone who reads it.
 *
 * The table of docs/SESSION_LOG.md ("Odd lines") says the same in words.
 */

/** What all readers take a line for; see `Judgement`. */
export type OddVerdict =
  | "row"
  /** A row that passes every `--since` and `--until`, and is reported by verify. */
  | "row without a time"
  | "blank"
  | "foreign"
  | "unreadable";

export interface OddLine {
  readonly name: string;
  /** Without its "\n". */
  readonly bytes: Buffer;
  readonly verdict: OddVerdict;
  /** Whether the line is the first of its file. */
  readonly first?: true;
  /** Whether the service stores the line's record; by default it does when the line is a row. */
  readonly stored?: boolean;
}

/** An accepted fill that is not grounded in the roster: whoever reads it has something to report. */
const ODD = JSON.stringify({
  schema: "session.iterate.v1",
  session_id: "odd",
  timestamp: "2026-05-02T05:22:09.123Z",
  daemon: "validatord",
  kind: "fill",
  model: "qwen3:8b",
  provider: "ollama",
  prompt: "é",
  iterations: 1,
  max_iterations: 3,
  final_verdict: "accepted",
  attempts: [{ iteration: 0, verdict_kind: "accepted" }],
  artifact: { fills: [] },
  grounded_in_roster: false,
  duration_ms: 1840,
});

/** A line of the log that is well. */
export const SOUND = ODD.replace('"odd"', '"sound"').replace('"grounded_in_roster":false', '"grounded_in_roster":true');

const SCHEMA = '"schema":"session.iterate.v1",';
const MARK = "\ufeff";
/** How deep a line is whose artifact has `levels` levels, is that and one. */
const deep = (levels: number) => odd('{"fills":[]}', `${'{"a":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)}`);

/** The odd row with one place changed. */
function odd(from: string, to: string): string {
  if (!ODD.includes(from)) throw new Error(`there is no ${from}`);
  return ODD.replace(from, () => to);
}

function camelCase(text: string): string {
  return text.replaceAll(/(?<=[a-z])_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The odd row with one byte left out: the second one of "é". */
function halfCharacter(): Buffer {
  const bytes = Buffer.from(ODD);
  const at = bytes.indexOf("é");
  return Buffer.concat([bytes.subarray(0, at + 1), bytes.subarray(at + 2)]);
}

function line(verdict: OddVerdict, name: string, text: string | Buffer): OddLine {
  return { name, bytes: Buffer.from(text), verdict };
}

export const ODD_LINES: readonly OddLine[] = [
  { ...line("row", "a byte order mark at the file's begin", MARK + ODD), first: true },
  line("row", "CR LF", `${ODD}\r`),
  line("row", "blanks around it", `\t ${ODD} \t`),
  line("row", "a key twice in an object within it", odd('{"fills":[]}', '{"fills":[1],"fills":[]}')),
  line("row", "33 levels", deep(32)),
  { ...line("row", "50 levels", deep(49)), stored: false },
  { ...line("row", "1,000 levels", deep(999)), stored: false },
  line("row", "keys in another order", odd(',"duration_ms":1840', "").replace("{", '{"duration_ms":1840,')),
  line("row", "keys of the artifact in camelCase", odd('{"fills":[]}', '{"finalVerdict":1,"attempts":[{"spanId":2}]}')),
  line("row without a time", "23:59:60Z", odd("05:22:09.123Z", "23:59:60Z")),
  line("row without a time", "a timestamp that is no time", odd("2026-05-02T05:22:09.123Z", "yesterday")),
  line("blank", "nothing", ""),
  line("blank", "blanks", " \t\r"),
  line("foreign", "an unknown schema", odd("session.iterate.v1", "session.iterate.v2")),
  line("foreign", "another program's line", '{"level":30,"msg":"listening"}'),
  { ...line("foreign", "a row without a schema", odd(SCHEMA, "")), stored: true },
  { ...line("foreign", "a record in camelCase without a schema", camelCase(odd(SCHEMA, ""))), stored: true },
  ...["session_id", "final_verdict", "verdict_kind", "grounded_in_roster"].map((key) => ({
    ...line("unreadable", `${key} in camelCase`, odd(`"${key}"`, camelCase(`"${key}"`))),
    stored: true,
  })),
  {
    ...line("unreadable", "a key in camelCase, escaped", odd("grounded_in_roster", "ground\\u0065dInRoster")),
    stored: true,
  },
  { ...line("unreadable", "a key in both spellings", odd('"kind"', '"finalVerdict":"accepted","kind"')) },
  line("unreadable", "a byte order mark further on", MARK + ODD),
  line("unreadable", "a key twice", odd('"kind"', '"model":"other","kind"')),
  line("unreadable", "a key twice, once escaped", odd('"kind"', '"mod\\u0065l":"other","kind"')),
  line("unreadable", "the schema twice", odd('{"schema"', '{"schema":"other","schema"')),
  line("unreadable", "the stamp twice", odd('"duration_ms"', '"grounded_in_roster":true,"duration_ms"')),
  line("unreadable", "NaN", odd("1840", "NaN")),
  line("unreadable", "NaN in the artifact", odd('{"fills":[]}', '{"fills":NaN}')),
  line("unreadable", "-Infinity", odd('{"fills":[]}', '{"fills":-Infinity}')),
  line("unreadable", "a trailing comma", odd("1840}", "1840,}")),
  line("unreadable", "a trailing comma in a list", odd('"fills":[]', '"fills":[1,]')),
  line("unreadable", "two objects", ODD + ODD),
  line("unreadable", "two objects with a blank between them", `${ODD} ${ODD}`),
  line("unreadable", "text after the object", `${ODD}x`),
  line("unreadable", "a form feed before the object", `\f${ODD}`),
  line("unreadable", "a raw NUL in a text", odd("é", "\0")),
  line("unreadable", "a raw NUL at the end", `${ODD}\0`),
  line("unreadable", "a lone surrogate", odd("é", "\\ud83d")),
  line("unreadable", "a lone surrogate in a key", odd('{"fills":[]}', '{"\\ude00":1}')),
  line("unreadable", "half a character", halfCharacter()),
  line("unreadable", "1,001 levels", deep(1000)),
  line("unreadable", "200,000 levels", deep(199_999)),
  line("unreadable", "over 16 MiB", odd("é", "x".repeat(17 * 1024 * 1024))),
  line("unreadable", "40 MiB", odd("é", "x".repeat(40 * 1024 * 1024))),
  line("unreadable", "a list", `[${ODD}]`),
  line("unreadable", "a number", "7"),
  line("unreadable", "no JSON", "garbage"),
  line("unreadable", "a row cut off", ODD.slice(0, 80)),
];
