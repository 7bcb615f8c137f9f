/**
 * Writing of the protobuf wire format from the end to the beginning
 * (https://protobuf.dev/programming-guides/encoding/).
 *
 * A message's length precedes its bytes: written backwards, it is known when it is due, so that messages nested to any
 * depth need no second pass, no recursion and no moving of bytes. Of a field, the value is written first, then its
 * length if it has one, then its tag; and the last field first.
 */
export interface ReverseWriter {
  bytes: Buffer;
  view: DataView;
  /** What was written so far reaches from here to the end. */
  start: number;
  /** False after a text with a lone surrogate, of which U+FFFD was written. */
  well_formed: boolean;
}

const INITIAL_BYTES = 1024;
/** Shorter texts are written here, as a call into Node takes longer. */
const SHORT_TEXT_LENGTH_MAX = 48;

export function createReverseWriter(): ReverseWriter {
  const bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  return { bytes, view: viewOf(bytes), start: bytes.length, well_formed: true };
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** What was written so far; valid until more is written. */
export function writtenBytes({ bytes, start }: ReverseWriter): Buffer {
  return bytes.subarray(start);
}

/** The number of bytes written so far; the mark from which writeLength counts. */
export function writtenLength({ bytes, start }: ReverseWriter): number {
  return bytes.length - start;
}

/** Makes room for `length` bytes before those written. */
function reserve(writer: ReverseWriter, length: number): void {
  if (length <= writer.start) return;
  const written = writtenBytes(writer);
  const bytes = Buffer.allocUnsafe(2 * (written.length + length));
  writer.bytes = bytes;
  writer.view = viewOf(bytes);
  writer.start = bytes.length - written.length;
  bytes.set(written, writer.start);
}

/** Writes a tag or any other varint of at most 2^53 − 1; most have one byte. */
export function writeVarint(writer: ReverseWriter, value: number): void {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  reserve(writer, length);
  writer.start -= length;
  let at = writer.start;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) writer.bytes[at++] = (rest % 0x80) | 0x80;
  writer.bytes[at] = rest;
}

/** Writes an int32 or int64; both have 64 bits on the wire. */
export function writeInteger(writer: ReverseWriter, value: bigint): void {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  reserve(writer, bytes.length);
  writer.start -= bytes.length;
  writer.bytes.set(bytes, writer.start);
}

export function writeDouble(writer: ReverseWriter, value: number): void {
  reserve(writer, 8);
  writer.start -= 8;
  writer.view.setFloat64(writer.start, value, true);
}

/** Writes bytes as they are. */
export function writeBytes(writer: ReverseWriter, bytes: Uint8Array): void {
  reserve(writer, bytes.length);
  writer.start -= bytes.length;
  writer.bytes.set(bytes, writer.start);
}

/** Writes the length of all that was written since `mark`, an earlier writtenLength. */
export function writeLength(writer: ReverseWriter, mark: number): void {
  writeVarint(writer, writtenLength(writer) - mark);
}

/** Writes text as UTF-8 with its length. */
export function writeText(writer: ReverseWriter, text: string): void {
  if (text.length <= SHORT_TEXT_LENGTH_MAX && writeShortAscii(writer, text)) return;
  if (!text.isWellFormed()) writer.well_formed = false;
  const length = Buffer.byteLength(text);
  reserve(writer, length);
  writer.start -= length;
  writer.bytes.write(text, writer.start);
  writeVarint(writer, length);
}

function writeShortAscii(writer: ReverseWriter, text: string): boolean {
  const { length } = text;
  reserve(writer, length + 1);
  const start = writer.start - length;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return false;
    writer.bytes[start + index] = unit;
  }
  writer.bytes[start - 1] = length;
  writer.start = start - 1;
  return true;
}
