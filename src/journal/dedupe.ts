import { hash } from "node:crypto";
import type { Appended } from "./types.js";

/** The last durable rows, among which a retry is recognised. */
export interface DedupeWindow {
  /** The sequence of an equal row, or undefined. */
  find(key: string): number | undefined;
  /** Adds a durable row unless an equal one is present; a full window drops its oldest. */
  add(key: string, sequence: number): void;
}

/** Identifies equal rows: SHA-256 of the line without its "\n". */
export function rowKey(row: Uint8Array): string {
  return hash("sha256", row, "hex");
}

/** A Map takes no more than 2^24 keys. */
const KEYS_MAX = 16_000_000;

/** An empty window of at most `rows` rows; at most 16 million, also for Infinity; 0 for none. */
export function createDedupeWindow(rows: number): DedupeWindow {
  const rows_max = Math.min(rows, KEYS_MAX);
  const sequences = new Map<string, number>();
  // The keys as a ring: a Map finds its oldest key slowly once many have been removed.
  const keys: string[] = [];
  let oldest = 0;
  return {
    find: (key) => sequences.get(key),
    add(key, sequence) {
      if (rows_max === 0 || sequences.has(key)) return;
      if (keys.length < rows_max) {
        keys.push(key);
      } else {
        sequences.delete(keys[oldest] ?? "");
        keys[oldest] = key;
        oldest = (oldest + 1) % rows_max;
      }
      sequences.set(key, sequence);
    },
  };
}

/** The lines of a group, sorted into those that are new and those that repeat another. */
export interface DedupedGroup {
  /** To be written, in their order. */
  readonly fresh: readonly Uint8Array[];
  /** The result of each line, once the fresh ones are durable from `first_sequence`; adds them to the window. */
  settle(first_sequence: number): readonly Appended[];
}

/** Finds the lines of a group that repeat one of the window or of the group. Lines end with "\n". */
export function dedupeGroup(window: DedupeWindow, lines: readonly Uint8Array[]): DedupedGroup {
  const fresh: Uint8Array[] = [];
  const fresh_index = new Map<string, number>();
  const keys = lines.map((line) => rowKey(line.subarray(0, -1)));
  const places = lines.map((line, i) => {
    const key = keys[i] ?? "";
    const known = window.find(key);
    if (known !== undefined) return { known };
    const index = fresh_index.get(key);
    if (index !== undefined) return { index, duplicate: true };
    fresh_index.set(key, fresh.length);
    return { index: fresh.push(line) - 1, duplicate: false };
  });
  return {
    fresh,
    settle(first_sequence) {
      for (const [key, index] of fresh_index) window.add(key, first_sequence + index);
      return places.map((place) =>
        place.known === undefined
          ? { sequence: first_sequence + place.index, duplicate: place.duplicate }
          : { sequence: place.known, duplicate: true },
      );
    },
  };
}

/** The same for a journal without deduplication. */
export function wholeGroup(lines: readonly Uint8Array[]): DedupedGroup {
  return {
    fresh: lines,
    settle: (first_sequence) => lines.map((_, i) => ({ sequence: first_sequence + i, duplicate: false })),
  };
}
