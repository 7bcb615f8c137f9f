import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { createJournal } from "../../src/journal/index.js";
import { type COMPRESS, SUFFIXES } from "../support/compression.js";
import { rowText, runCli, temporaryDirectory } from "./support.js";

const digits = (sequence: number) => String(sequence).padStart(20, "0");
/** The name of a sealed segment. */
export const segment = (first: number, last: number) => `sessions-${digits(first)}-${digits(last)}.jsonl`;

/** A journal that a real writer made: two rows in each of three sealed segments, one in the active file. */
export async function makeJournal(compress: (typeof COMPRESS)[number] = "none") {
  const cwd = temporaryDirectory();
  const directory = join(cwd, "data");
  const journal = createJournal({
    path: join(directory, "sessions.jsonl"),
    durability: "written",
    queue_rows: 100,
    queue_bytes: 1_000_000,
    adopts: () => true,
    isOdd: () => false,
    rotation: { max_bytes: 0, interval: "none" },
    compress,
    retention: { max_age_ms: 0, max_segments: 0, max_bytes: 0 },
    dedupe_rows: 100,
    log: { info() {}, warn() {}, error() {} },
  });
  await journal.open();
  const rows = Array.from({ length: 7 }, (_, index) => Buffer.from(`${rowText({ session_id: `s-${index + 1}` })}\n`));
  for (const from of [0, 2, 4]) {
    await journal.append(rows.slice(from, from + 2));
    await journal.rotate();
  }
  await journal.append(rows.slice(6));
  const ending = `.jsonl${SUFFIXES[compress]}`;
  await expect
    .poll(() => listed(directory))
    .toEqual([segment(1, 2), segment(3, 4), segment(5, 6)].map((name) => name.replace(".jsonl", ending)));
  await journal.drain();
  const inside = (name: string) => join(directory, name);
  return { cwd, inside, verify: () => runCli(["verify", "data"], { cwd }) };
}

function listed(directory: string): readonly string[] {
  if (!readdirSync(directory).includes("sessions.sha256")) return [];
  const text = readFileSync(join(directory, "sessions.sha256"), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.slice(66))
    .sort();
}

export type SealedJournal = Awaited<ReturnType<typeof makeJournal>>;
