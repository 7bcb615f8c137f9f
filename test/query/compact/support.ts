import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createJournal } from "../../../src/journal/index.js";
import { listQueries } from "../../../src/query/catalog.js";
import { type CompactOptions, compactJournal } from "../../../src/query/compact/compact.js";
import { EVERY_SESSION, findingsSql, type JournalReader, type ReadOptions } from "../../../src/query/index.js";
import { isOddLine } from "../../../src/record/index.js";
import { ODD_LINES } from "../../support/odd_lines.js";
import { checksumLine, exampleRows, read, rowsOf, segment, temporaryDirectory, text, writeFiles } from "../support.js";

const NOW_MS = Date.UTC(2100, 0, 1);
const FOREIGN = '{"schema":"session.iterate.v2"}';

/** Compacts as the command line does, long after the segments were sealed. */
export function compact(directory: string, options: Partial<CompactOptions> = {}) {
  return compactJournal({
    path: directory,
    memory_bytes: 512 * 1024 * 1024,
    force: false,
    dry_run: false,
    signal: new AbortController().signal,
    now_ms: () => NOW_MS,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    onTemporary() {},
    onSegment() {},
    ...options,
  });
}

/** The name of the copy of a segment. */
export const copyOf = (first: number, last: number) => segment(first, last).replace(/jsonl$/, "parquet");

/** Writes `<stem>.sha256`, as the service does. */
export function listChecksums(directory: string, names: readonly string[], odd: readonly string[] = []): void {
  const lines = names.map(
    (name) => checksumLine(join(directory, name)) + (odd.includes(name) ? `# odd lines: ${name}\n` : ""),
  );
  writeFileSync(join(directory, "sessions.sha256"), lines.join(""));
}

/** The ranges of the segments of `makeJournal`. */
export const RANGES = [
  [1, 300],
  [301, 600],
  [601, 700],
  [701, 701],
] as const;

/**
 * The examples as a journal: gzipped and plain segments, one with lines that are no rows and rows that DuckDB reads in another way, one of
 * another program's line alone, and the active file.
 */
export function makeJournal(): string {
  const directory = temporaryDirectory();
  const few = ODD_LINES.filter(
    ({ bytes, verdict, first }) => bytes.length < 100_000 && verdict !== "blank" && first !== true,
  );
  const odd = few.map(({ bytes }, index) => bytes.toString("latin1").replace('"odd"', `"odd ${index}"`));
  const rows = exampleRows.slice(600, 700 - few.length);
  const mixed = Buffer.from(
    [...rows.map((row) => Buffer.from(row).toString("latin1")), ...odd, ""].join("\n"),
    "latin1",
  );
  const [a, b, c, d] = RANGES.map(([first, last]) => segment(first, last));
  const lines = [...exampleRows.slice(0, 150), FOREIGN, ...exampleRows.slice(151, 300)];
  writeFiles(directory, {
    [`${a}.gz`]: text(lines),
    [`${b}`]: text(exampleRows.slice(300, 600)),
    [`${d}`]: text([FOREIGN]),
    "sessions.jsonl": text([...exampleRows.slice(700, 999), FOREIGN, exampleRows[999] ?? ""]),
  });
  writeFileSync(join(directory, `${c}`), mixed);
  const names = [`${a}.gz`, `${b}`, `${c}`, `${d}`];
  const isOdd = mixed
    .toString("latin1")
    .split("\n")
    .some((line) => isOddLine(Buffer.from(line, "latin1")));
  listChecksums(directory, names, isOdd ? [`${c}`] : []);
  return directory;
}

/** Two segments and an active file, all plain, without anything odd. */
export function plainJournal(): string {
  const directory = temporaryDirectory();
  writeFiles(directory, {
    [segment(1, 50)]: text(exampleRows.slice(0, 50)),
    [segment(51, 100)]: text(exampleRows.slice(50, 100)),
    "sessions.jsonl": text(exampleRows.slice(100, 110)),
  });
  listChecksums(directory, [segment(1, 50), segment(51, 100)]);
  return directory;
}

/** What each question answers, by its name; the order of rows counts where it is said. */
export async function answersOf(directory: string, options: Partial<ReadOptions> = {}) {
  const roster = {
    name: "roster",
    column: "worker_id",
    file_column: "worker_id",
    path: join(process.cwd(), "examples/roster.csv"),
  };
  const runs = join(temporaryDirectory(), "runs.jsonl");
  const ids = exampleRows.filter((_, index) => index % 7 === 0).map((row) => String(JSON.parse(row).session_id));
  writeFileSync(
    runs,
    text([...ids, "unknown"].map((session_id) => JSON.stringify({ session_id, run: session_id.slice(0, 3) }))),
  );
  const replay_runs = { name: "replay_runs", column: "session_id", file_column: "session_id", path: runs };
  const questions: Record<string, string> = {
    ...Object.fromEntries(listQueries().map(({ name, sql }) => [name, sql])),
    "command alarm": findingsSql({ query: "alarm", named: false, limit: 20 }),
    "command alarm with a roster": findingsSql({ query: "alarm", named: true, limit: 20 }),
    "command audit": findingsSql({ query: "audit", named: false, limit: 20 }),
    show: "FROM sessions WHERE starts_with(session_id, getvariable('session_id')) ORDER BY session_id, timestamp",
    "newest 50": "FROM sessions ORDER BY timestamp DESC, session_id LIMIT 50",
    rows: "SELECT count(*), sum(hash(s)) FROM sessions AS s",
    attempts: "SELECT count(*), sum(hash(a)) FROM attempts AS a",
    journal: "SELECT count(*), count(DISTINCT session_id), min(schema), max(schema) FROM journal",
  };
  const ask = async (reader: JournalReader) => {
    const answers = new Map<string, readonly unknown[][]>();
    for (const [name, sql] of Object.entries(questions)) answers.set(name, await rowsOf(reader, sql));
    return answers;
  };
  const session_id = ids[3]?.slice(0, 6) ?? "";
  return read(directory, ask, { tables: [roster, replay_runs], variables: { session_id }, ...options });
}

/** Filters with which questions are asked. */
export const FILTERS = [
  EVERY_SESSION,
  { ...EVERY_SESSION, since_ms: Date.UTC(2026, 9, 12), kinds: ["fill"], models: ["qwen3:8b"], daemons: ["validatord"] },
];

export const readText = (directory: string, name: string) => readFileSync(join(directory, name), "utf8");

/** The names of the copies that are there. */
export const copies = (directory: string) => readdirSync(directory).filter((name) => name.endsWith(".parquet"));

export const COUNT = "SELECT count(*), count(DISTINCT session_id) FROM sessions";

/** A journal that is written, as the service writes it. */
export async function openJournal(directory: string, compress: "none" | "gzip") {
  const journal = createJournal({
    path: join(directory, "sessions.jsonl"),
    durability: "written",
    queue_rows: 1000,
    queue_bytes: 10_000_000,
    adopts: () => true,
    isOdd: () => false,
    rotation: { max_bytes: 0, interval: "none" },
    compress,
    retention: { max_age_ms: 0, max_segments: 0, max_bytes: 0 },
    dedupe_rows: 0,
    log: { info() {}, warn() {}, error() {} },
  });
  await journal.open();
  return journal;
}
