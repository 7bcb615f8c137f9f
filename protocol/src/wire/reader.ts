/**
 * Reading of the protobuf wire format (https://protobuf.dev/programming-guides/encoding/).
 *
 * Nothing here throws. The first fault is kept on the cursor, which then moves to the end of all bytes, so that every loop
 * of the form `while (cursor.at < end)` ends; values read after a fault are meaningless.
 */
import { isAscii, isUtf8 } from "node:buffer";

/** A place in the bytes of a message. */
export interface Cursor {
  readonly bytes: Buffer;
  /** All bytes as Latin-1, set by a caller that reads many short texts: a slice of it is faster than a call into Node. */
  latin1: string | undefined;
  at: number;
  /** End of the innermost message being read; nothing is read beyond it. */
  end: number;
  /** What is wrong with the bytes; empty when nothing is. */
  fault: string;
  /** Where the fault was found. */
  fault_at: number;
  /** The halves of the varint read last, unsigned. */
  low: number;
  high: number;
}

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_LENGTH = 2;
const WIRE_GROUP_START = 3;
const WIRE_GROUP_END = 4;
const WIRE_FIXED32 = 5;

const VARINT_BYTES_MAX = 10;
const TAG_MAX = 0xffff_ffff;
/** Common decoders stop at 100 nested groups as well; nothing writes groups today. */
const GROUP_DEPTH_MAX = 100;
/** Up to here a loop over the bytes is faster than calls into Node. */
const SHORT_TEXT_BYTES = 64;

export function createCursor(bytes: Uint8Array): Cursor {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes: buffer, latin1: undefined, at: 0, end: buffer.length, fault: "", fault_at: 0, low: 0, high: 0 };
}

/** Keeps the first fault and its place, and ends the reading. */
function fail(cursor: Cursor, fault: string): void {
  if (cursor.fault === "") {
    cursor.fault = fault;
    cursor.fault_at = cursor.at;
  }
  cursor.at = cursor.bytes.length;
}

/** Reads a varint of up to 64 bits into `cursor.low` and `cursor.high`. */
export function readVarint(cursor: Cursor): void {
  let low = 0;
  let high = 0;
  for (let count = 0; count < VARINT_BYTES_MAX; count++) {
    if (cursor.at >= cursor.end) {
      fail(cursor, "a number is cut off");
      return;
    }
    const byte = cursor.bytes[cursor.at++] ?? 0;
    const bits = byte & 0x7f;
    if (count < 5) low |= bits << (7 * count);
    if (count === 4) high = bits >>> 4;
    else if (count > 4) high |= bits << (7 * count - 32);
    if (byte < 0x80) {
      if (count === VARINT_BYTES_MAX - 1 && byte > 1) fail(cursor, "a number has more than 64 bits");
      cursor.low = low >>> 0;
      cursor.high = high >>> 0;
      return;
    }
  }
  fail(cursor, "a number has more than 10 bytes");
}

/** Reads a uint32 or uint64; beyond 2^53 the number is only near the real value, yet beyond as well. */
export function readUint64(cursor: Cursor): number {
  const byte = cursor.at < cursor.end ? (cursor.bytes[cursor.at] ?? 0) : 0x80;
  if (byte < 0x80) {
    cursor.at++;
    return byte;
  }
  readVarint(cursor);
  return cursor.high * 2 ** 32 + cursor.low;
}

/** Reads an int32: the low 32 bits of a varint, as protobuf does. */
export function readInt32(cursor: Cursor): number {
  readVarint(cursor);
  return cursor.low | 0;
}

/** Reads an int64; beyond ±2^53 the number is only near the real value, yet beyond as well. */
export function readInt64(cursor: Cursor): number {
  readVarint(cursor);
  return (cursor.high | 0) * 2 ** 32 + cursor.low;
}

export function readBool(cursor: Cursor): boolean {
  readVarint(cursor);
  return (cursor.low | cursor.high) !== 0;
}

export function readDouble(cursor: Cursor): number {
  const start = cursor.at;
  return advance(cursor, 8) ? cursor.bytes.readDoubleLE(start) : 0;
}

/** Reads a field's tag: its number × 8 + its wire type. */
export function readTag(cursor: Cursor): number {
  const tag = readUint64(cursor);
  if (tag > TAG_MAX || tag < 8) {
    fail(cursor, tag < 8 ? "a field has the number 0" : "a field number is too large");
    return 0;
  }
  return tag;
}

/** Reads a length and returns where its content ends, never beyond the innermost message. */
export function readEnd(cursor: Cursor): number {
  const length = readUint64(cursor);
  if (length > cursor.end - cursor.at) {
    fail(cursor, "a length reaches beyond the end");
    return cursor.at;
  }
  return cursor.at + length;
}

/** Reads a length and its content, as a view of the bytes. */
export function readBytes(cursor: Cursor): Buffer {
  const end = readEnd(cursor);
  const bytes = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return bytes;
}

/**
 * Reads a message: `readField` is called with each tag, to read or skip what follows it. `end` is where the message ends;
 * by default that is read first, as the length of a message within another one.
 */
export function readMessage(cursor: Cursor, readField: (tag: number) => void, end: number = readEnd(cursor)): void {
  const outer_end = cursor.end;
  cursor.end = end;
  while (cursor.at < end) readField(readTag(cursor));
  cursor.end = outer_end;
}

/** Reads text. `name` is what a fault calls it. */
export function readText(cursor: Cursor, name: string): string {
  const end = readEnd(cursor);
  const start = cursor.at;
  if (start === end) return "";
  cursor.at = end;
  const { bytes, latin1 } = cursor;
  if (latin1 !== undefined && isAsciiRange(bytes, start, end)) return latin1.slice(start, end);
  const text = bytes.subarray(start, end);
  // The decoder replaces invalid bytes by U+FFFD without an error.
  if (!isUtf8(text)) {
    fail(cursor, `${name} is not valid UTF-8`);
    return "";
  }
  return text.toString("utf8");
}

function isAsciiRange(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > SHORT_TEXT_BYTES) return isAscii(bytes.subarray(start, end));
  let bits = 0;
  for (let index = start; index < end; index++) bits |= bytes[index] ?? 0;
  return bits < 0x80;
}

/** Skips the field whose tag was just read, groups with all that is in them. */
export function skipField(cursor: Cursor, tag: number): void {
  const open: number[] = [];
  let current = tag;
  for (;;) {
    skipOne(cursor, current, open);
    if (open.length === 0 || cursor.fault !== "") return;
    current = readTag(cursor);
  }
}

function skipOne(cursor: Cursor, tag: number, open: number[]): void {
  const number = tag >>> 3;
  switch (tag & 7) {
    case WIRE_VARINT:
      readVarint(cursor);
      return;
    case WIRE_FIXED64:
      advance(cursor, 8);
      return;
    case WIRE_LENGTH: {
      const end = readEnd(cursor);
      if (cursor.fault === "") cursor.at = end;
      return;
    }
    case WIRE_GROUP_START:
      if (open.push(number) > GROUP_DEPTH_MAX) fail(cursor, `groups are nested over ${GROUP_DEPTH_MAX} deep`);
      return;
    case WIRE_GROUP_END:
      if (open.pop() !== number) fail(cursor, "a group ends that did not begin");
      return;
    case WIRE_FIXED32:
      advance(cursor, 4);
      return;
    default:
      fail(cursor, "a field has an unknown wire type");
  }
}

function advance(cursor: Cursor, length: number): boolean {
  if (length > cursor.end - cursor.at) {
    fail(cursor, "a field is cut off");
    return false;
  }
  cursor.at += length;
  return true;
}
