import { createJournal, type Journal, type JournalLog, type JournalOptions } from "../../src/journal/index.js";
import { createManualClock, type ManualClock, settled } from "../support/manual_clock.js";
import { createSimulatedDisk, type SimulatedDisk } from "../support/simulated_disk.js";

export const PATH = "/data/sessions.jsonl";
export const MEBIBYTE = 1024 * 1024;

/** A log that remembers what it was told. */
export interface MemoryLog extends JournalLog {
  readonly entries: readonly { readonly level: string; readonly fields: object; readonly message: string }[];
  /** All messages in one text. */
  text(): string;
}

export function createMemoryLog(): MemoryLog {
  const entries: { level: string; fields: object; message: string }[] = [];
  const at = (level: string) => (fields: object, message: string) => void entries.push({ level, fields, message });
  return {
    entries,
    text: () => entries.map(({ message }) => message).join("\n"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
}

/** Whether the object is a row as these tests write them. */
export const adoptsTestRows = (line: Buffer): boolean => line.includes('"schema":"session.iterate.v1"');

/** The n-th row, with its "\n"; the same number gives the same row. With `length` it has that many bytes. */
export function row(n: number, length = 0): Buffer {
  const text = (pad: string): string => JSON.stringify({ schema: "session.iterate.v1", n, pad });
  return Buffer.from(`${text("x".repeat(Math.max(0, length - 1 - text("").length)))}\n`);
}

export const rows = (...numbers: readonly number[]): string => numbers.map((n) => row(n).toString()).join("");

export interface TestJournal {
  readonly journal: Journal;
  readonly disk: SimulatedDisk;
  readonly clock: ManualClock;
  readonly log: MemoryLog;
}

/** What the tests' journals have in common. */
export const TEST_OPTIONS = {
  durability: "fsync",
  queue_rows: 1000,
  queue_bytes: 64 * MEBIBYTE,
  adopts: adoptsTestRows,
  isOdd: (line: Buffer | undefined) => line === undefined || !adoptsTestRows(line),
  rotation: { max_bytes: 0, interval: "none" },
  compress: "none",
  retention: { max_age_ms: 0, max_segments: 0, max_bytes: 0 },
  dedupe_rows: 0,
} as const;

export function createTestJournal(
  options: Partial<JournalOptions> & { readonly disk?: SimulatedDisk } = {},
): TestJournal {
  const clock = createManualClock();
  const log = createMemoryLog();
  const disk = options.disk ?? createSimulatedDisk(clock.now);
  const journal = createJournal({
    ...TEST_OPTIONS,
    path: PATH,
    log,
    clock,
    ...options,
    disk,
  });
  return { journal, disk, clock, log };
}

/** One that accepts appends, with nothing under way. */
export async function openTestJournal(options: Parameters<typeof createTestJournal>[0] = {}): Promise<TestJournal> {
  const made = createTestJournal(options);
  await made.journal.open();
  await settled();
  return made;
}

/** The sequences that an append was told, or the kind of its failure. */
export async function told(outcome: ReturnType<Journal["append"]>): Promise<readonly number[] | string> {
  const result = await outcome;
  return result.kind === "appended" ? result.rows.map(({ sequence }) => sequence) : result.kind;
}

/** The numbers of the test rows in the bytes; what is no test row is the line's text. */
export function numbers(content: Buffer | undefined): readonly unknown[] {
  const lines = (content ?? Buffer.alloc(0)).toString().split("\n");
  return lines
    .slice(0, -1)
    .concat(lines.at(-1) === "" ? [] : [`${lines.at(-1)} without newline`])
    .map(number);
}

function number(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "n" in value ? value.n : line;
  } catch {
    return line;
  }
}
