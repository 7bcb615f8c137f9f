/**
 * Writing of the protobuf wire format from the end to the beginning.
 *
 * A message's length stands before its bytes: written backwards it is known when it is due, so that messages nested to
 * any depth need no second pass, no recursion and no moving of bytes. Whoever writes a field writes its value first, then
 * its length if it has one, then its tag; and the last field first.
 */

export interface BackwardWriter {
  buffer: Buffer;
  /** Where the bytes written so far begin; they reach to the end of the buffer. */
  start: number;
}

const INITIAL_BYTES = 1024;

export function createBackwardWriter(): BackwardWriter {
  return { buffer: Buffer.alloc(INITIAL_BYTES), start: INITIAL_BYTES };
}

/** What was written so far. */
export function writtenBytes(writer: BackwardWriter): Buffer {
  return writer.buffer.subarray(writer.start);
}

/** How much was written so far; the mark from which writeLength counts. */
export function writtenLength(writer: BackwardWriter): number {
  return writer.buffer.length - writer.start;
}

/** Writes a tag or any other varint of at most 2^53 − 1. */
export function writeUnsigned(writer: BackwardWriter, value: number): void {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  let at = reserve(writer, bytes);
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) writer.buffer[at++] = (rest % 0x80) | 0x80;
  writer.buffer[at] = rest;
}

/** Writes an int32 or int64; both are 64 bits on the wire. */
export function writeSigned(writer: BackwardWriter, value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  const bytes: number[] = [];
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  const at = reserve(writer, bytes.length);
  writer.buffer.set(bytes, at);
}

export function writeDouble(writer: BackwardWriter, value: number): void {
  const at = reserve(writer, 8);
  writer.buffer.writeDoubleLE(value, at);
}

/** Writes text as UTF-8 with its length. */
export function writeText(writer: BackwardWriter, text: string): void {
  const length = Buffer.byteLength(text);
  const at = reserve(writer, length);
  writer.buffer.write(text, at);
  writeUnsigned(writer, length);
}

/** Writes the length of all that was written since `mark`. */
export function writeLength(writer: BackwardWriter, mark: number): void {
  writeUnsigned(writer, writtenLength(writer) - mark);
}

/** Makes room for `length` bytes before those written; returns where it begins. May put another buffer in place. */
function reserve(writer: BackwardWriter, length: number): number {
  if (length > writer.start) {
    const written = writtenBytes(writer);
    const buffer = Buffer.alloc(2 * (written.length + length));
    buffer.set(written, buffer.length - written.length);
    writer.start = buffer.length - written.length;
    writer.buffer = buffer;
  }
  writer.start -= length;
  return writer.start;
}
