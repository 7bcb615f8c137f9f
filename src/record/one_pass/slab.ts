/**
 * Where rows are written: one after the other, in memory that is taken in large pieces and never used a second time.
 */
import type { Pass } from "./pass.js";

/**
 * Larger records are irregular: the cost of their text and artifact is what counts, and a piece of memory would hold
 * few.
 */
export const RECORD_BYTES_MAX = 32 * 1024;

const SLAB_BYTES = 512 * 1024;
/**
 * What a byte of a record can become at most: a control character in a text becomes six. All else that repeats grows
 * less: an attempt of 3 bytes for its error becomes 17, one of 11 bytes becomes 41, a number in a list of 11 becomes
 * 25.
 */
const ROOM_PER_BYTE = 6;

export interface Slab {
  /** Where the next row goes is set on the pass; there is room for all that a record of so many bytes can become. */
  beginRow(pass: Pass, record_bytes: number): void;
  /** The row that was begun last, up to where the pass has written. */
  endRow(pass: Pass): Buffer;
}

/** `fixed_bytes`: what a row has besides what becomes of the record's bytes, at most. */
export function createSlab(fixed_bytes: number): Slab {
  let bytes = Buffer.allocUnsafeSlow(SLAB_BYTES);
  let view = new DataView(bytes.buffer);
  let start = 0;
  return {
    beginRow(pass, record_bytes) {
      if (SLAB_BYTES - start < record_bytes * ROOM_PER_BYTE + fixed_bytes) {
        bytes = Buffer.allocUnsafeSlow(SLAB_BYTES);
        view = new DataView(bytes.buffer);
        start = 0;
      }
      pass.output = view;
      pass.memory = bytes;
      pass.out = start;
    },
    endRow(pass) {
      const row = bytes.subarray(start, pass.out);
      start = pass.out;
      return row;
    },
  };
}
