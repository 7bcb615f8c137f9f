import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import { EVERY_SESSION, type JournalReader, type ReadOptions, readJournal } from "../../src/query/index.js";
import { compressedFor } from "../support/compression.js";

/** Rows as the service writes them, without newlines: the examples'. */
export const exampleRows: readonly string[] = readFileSync("examples/sessions.jsonl", "utf8").trimEnd().split("\n");

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "sessionlog-query-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** The name of a sealed segment of sessions.jsonl. */
export function segment(first: number, last: number): string {
  const pad = (sequence: number) => String(sequence).padStart(20, "0");
  return `sessions-${pad(first)}-${pad(last)}.jsonl`;
}

/** Writes files; those of names that end with .gz or .zst compressed. */
export function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(directory, name), compressedFor(name, content));
  }
}

/** The line of <stem>.sha256 for a file. */
export function checksumLine(path: string): string {
  return `${createHash("sha256").update(readFileSync(path)).digest("hex")}  ${basename(path)}\n`;
}

/** Reads a journal with what options say otherwise. */
export function read<T>(path: string, work: (reader: JournalReader) => Promise<T>, options: Partial<ReadOptions> = {}) {
  return readJournal(
    {
      paths: [resolve(path)],
      filter: EVERY_SESSION,
      tables: [],
      variables: {},
      output: undefined,
      memory_bytes: 512 * 1024 * 1024,
      signal: new AbortController().signal,
      ...options,
    },
    work,
  );
}

/** The rows of an answer as JSON values. */
export async function rowsOf(reader: JournalReader, sql: string): Promise<readonly unknown[][]> {
  const { columns, batches } = await reader.select(sql);
  const rows: unknown[][] = [];
  for await (const batch of batches()) {
    for (const row of batch) rows.push(columns.map(({ json }, index) => JSON.parse(json(row[index] ?? null))));
  }
  return rows;
}

/** What a query answers, without warnings. */
export async function ask(path: string, sql: string, options: Partial<ReadOptions> = {}) {
  return (await read(path, (reader) => rowsOf(reader, sql), options)).value;
}
