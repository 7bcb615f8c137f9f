import { createHash, hash } from "node:crypto";
import { type DedupeWindow, DIGEST_WORDS, type Digests, firstEqual } from "./digest_window.js";
import type { Appended } from "./types.js";

/** Longer rows are hashed in two pieces. */
const COPIED_BYTES_MAX = 64 * 1024;
/** A leaf of an RFC 6962 tree: 0x00, then the row. */
const LEAF_PREFIX = Buffer.alloc(1);
const leaf = new Uint8Array(LEAF_PREFIX.length + COPIED_BYTES_MAX);

/**
 * The digests that identify equal rows: SHA-256 of 0x00 and the row without its "\n", so that a row is hashed once for
 * this and for a Merkle tree over the rows (RFC 6962). The row is copied for that, which costs a tenth of the hash: the
 * byte before it in memory may be part of something else that is being written.
 *
 * @param end_bytes of each line that are no part of the row: 1 for lines with their "\n"
 */
export function digestsOf(lines: readonly Uint8Array[], end_bytes: 0 | 1): Digests {
  const digests = new Int32Array(lines.length * DIGEST_WORDS);
  let at = 0;
  for (const line of lines) {
    // A string with one character for each byte: faster than a Buffer.
    const digest = leafHash(line, line.length - end_bytes);
    for (let byte = 0; byte < DIGEST_WORDS * 4; byte += 4) {
      digests[at++] =
        digest.charCodeAt(byte) |
        (digest.charCodeAt(byte + 1) << 8) |
        (digest.charCodeAt(byte + 2) << 16) |
        (digest.charCodeAt(byte + 3) << 24);
    }
  }
  return digests;
}

/** Of the first `length` bytes of a line. */
function leafHash(line: Uint8Array, length: number): string {
  if (line.length > COPIED_BYTES_MAX) {
    return createHash("sha256").update(LEAF_PREFIX).update(line.subarray(0, length)).digest("binary");
  }
  leaf.set(line, LEAF_PREFIX.length);
  return hash("sha256", new Uint8Array(leaf.buffer, 0, LEAF_PREFIX.length + length), "binary");
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
  const digests = digestsOf(lines, 1);
  const first_of = firstEqual(digests);
  const known = lines.map((_, index) => window.find(digests, index));
  const isFresh = (index: number) => known[index] === undefined && first_of[index] === index;
  return {
    fresh: lines.filter((_, index) => isFresh(index)),
    settle(first_sequence) {
      let next_sequence = first_sequence;
      /** Of each line, that of its row. */
      const sequences: number[] = [];
      return lines.map((_, index) => {
        const fresh = isFresh(index);
        const sequence = known[index] ?? (fresh ? next_sequence++ : (sequences[first_of[index] ?? 0] ?? 0));
        sequences.push(sequence);
        if (fresh) window.add(digests, index, sequence);
        return { sequence, duplicate: !fresh };
      });
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
