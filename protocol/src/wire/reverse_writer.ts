/**
 * Writing of the protobuf wire format from the end to the beginning, so that the length of a message is known when it is
 * due: https://protobuf.dev/programming-guides/encoding/.
 *
 * Records are written by hand: generated code, google.protobuf.Struct above all, takes several times as long, and this
 * runs on the thread of the daemon's request.
 */
import type { Violation } from "../gen/sessionlog/v1/session_log.js";

export interface RowWriter {
  bytes: Buffer;
  view: DataView;
  /** What was written so far reaches from here to the end. */
  at: number;
  /** More than so many bytes make no row. */
  readonly bytes_max: number;
  /** What is wrong with the record: the first thing found. */
  fault: Violation | undefined;
}

const INITIAL_BYTES = 16 * 1024;
/** A larger buffer is not kept for the next row. */
const KEPT_BYTES = 1024 * 1024;
/** Shorter texts are written here, as a call into Node takes longer. */
const SHORT_TEXT = 48;

let spare: Buffer | undefined;

/** A writer that has the spare buffer, if no other has it: a getter of one record may append another. */
export function openWriter(bytes_max: number): RowWriter {
  const bytes = spare ?? Buffer.allocUnsafeSlow(INITIAL_BYTES);
  spare = undefined;
  return { bytes, view: viewOf(bytes), at: bytes.length, bytes_max, fault: undefined };
}

/** Gives the buffer back. What was written has to be copied before. */
export function closeWriter({ bytes }: RowWriter): void {
  if (bytes.length <= KEPT_BYTES) spare = bytes;
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A copy of what was written. */
export function copyWritten({ bytes, at }: RowWriter): Buffer {
  return Buffer.from(bytes.subarray(at));
}

export function writtenLength({ bytes, at }: RowWriter): number {
  return bytes.length - at;
}

/** Notes what is wrong, unless something was before. Returns false, for the caller to end with. */
export function refuse(writer: RowWriter, field: string, reason: string, description: string): false {
  writer.fault ??= { field, reason, description };
  return false;
}

/** Whether what was written, and so many bytes more, may still be a row. */
export function fits(writer: RowWriter, more = 0): boolean {
  if (writtenLength(writer) + more <= writer.bytes_max) return true;
  return refuse(writer, "record", "TOO_LONG", `expected at most ${writer.bytes_max} bytes`);
}

function reserve(writer: RowWriter, length: number): void {
  if (length <= writer.at) return;
  const written = writer.bytes.subarray(writer.at);
  const bytes = Buffer.allocUnsafeSlow(2 * (written.length + length));
  const at = bytes.length - written.length;
  bytes.set(written, at);
  writer.bytes = bytes;
  writer.view = viewOf(bytes);
  writer.at = at;
}

/** A number from 0 to 2^53 − 1 as a varint; of tags and lengths most are one byte. */
export function writeVarint(writer: RowWriter, value: number): void {
  if (value < 0x80) {
    if (writer.at === 0) reserve(writer, 1);
    writer.bytes[--writer.at] = value;
    return;
  }
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  reserve(writer, length);
  writer.at -= length;
  let at = writer.at;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) writer.bytes[at++] = (rest % 0x80) | 0x80;
  writer.bytes[at] = rest;
}

/** An int32 or int64; both are 64 bits on the wire, and negative ones take ten bytes. */
export function writeInteger(writer: RowWriter, value: number | bigint): void {
  if (typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
    writeVarint(writer, value);
    return;
  }
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  reserve(writer, bytes.length);
  writer.at -= bytes.length;
  writer.bytes.set(bytes, writer.at);
}

export function writeDouble(writer: RowWriter, value: number): void {
  reserve(writer, 8);
  writer.at -= 8;
  writer.view.setFloat64(writer.at, value, true);
}

/** The length of all that was written since `mark`, an earlier writtenLength. */
export function writeLength(writer: RowWriter, mark: number): void {
  writeVarint(writer, writtenLength(writer) - mark);
}

/** Text as UTF-8 with its length; halves of surrogate pairs become U+FFFD. */
export function writeText(writer: RowWriter, text: string): void {
  const { length } = text;
  if (length <= SHORT_TEXT && writeShortAscii(writer, text)) return;
  const bytes = Buffer.byteLength(text);
  reserve(writer, bytes);
  writer.at -= bytes;
  writer.bytes.write(text, writer.at);
  writeVarint(writer, bytes);
}

function writeShortAscii(writer: RowWriter, text: string): boolean {
  const { length } = text;
  reserve(writer, length + 1);
  const { bytes } = writer;
  const start = writer.at - length;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return false;
    bytes[start + index] = unit;
  }
  bytes[start - 1] = length;
  writer.at = start - 1;
  return true;
}
