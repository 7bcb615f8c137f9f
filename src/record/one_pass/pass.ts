/** One pass over a record: where it is read, where its row is written, and the first steps of both. */

/** Nothing here throws, for whatever bytes; see encode_record.ts for why. */
export interface Pass {
  /** The memory that the record is in: in most cases that of its whole request. */
  input: DataView;
  /** The byte to read next. Invariant: at most `end`. */
  at: number;
  /** Where the innermost message being read ends. Invariant: at most `record_end`. */
  end: number;
  record_end: number;
  /** What the row is written to. Invariant: it has room for all that the record can become, see slab.ts. */
  output: DataView;
  /** The same bytes as those of `output`. */
  memory: Buffer;
  /** The byte to write next. */
  out: number;
  /**
   * False once anything was found that the reference path has to judge; what is read and written then means nothing.
   */
  regular: boolean;
}

const NOTHING = new DataView(new ArrayBuffer(0));

export function createPass(): Pass {
  return {
    input: NOTHING,
    at: 0,
    end: 0,
    record_end: 0,
    output: NOTHING,
    memory: Buffer.alloc(0),
    out: 0,
    regular: true,
  };
}

/** Begins the reading of a record. */
export function beginRecord(pass: Pass, bytes: Uint8Array): void {
  const { buffer, byteOffset } = bytes;
  if (pass.input.buffer !== buffer) pass.input = new DataView(buffer);
  pass.at = byteOffset;
  pass.end = pass.record_end = byteOffset + bytes.length;
  pass.regular = true;
}

/** The most memory of a request that is kept until the next record comes, which is often in the same. */
const KEPT_BYTES_MAX = 1024 * 1024;

export function endRecord(pass: Pass): void {
  if (pass.input.byteLength > KEPT_BYTES_MAX) pass.input = NOTHING;
}

/** Leaves the record to the reference path, and ends all loops: nothing more is found to read. */
export function markIrregular(pass: Pass): void {
  pass.regular = false;
  pass.at = pass.end = pass.record_end;
}

/** Whether the field with this tag is the next one; skips the tag when it is. */
export function take(pass: Pass, tag: number): boolean {
  if (tag > 0x7f) return takeLong(pass, tag);
  if (pass.at >= pass.end || pass.input.getUint8(pass.at) !== tag) return false;
  pass.at++;
  return true;
}

/** A tag of two bytes: fields 16 to 2047. */
function takeLong(pass: Pass, tag: number): boolean {
  const { input, at } = pass;
  if (pass.end - at < 2 || input.getUint16(at, true) !== ((tag & 0x7f) | 0x80 | ((tag >> 7) << 8))) return false;
  pass.at += 2;
  return true;
}

/** Reads a varint of up to 2^53 − 1; larger ones and negative ones are irregular. */
export function readNumber(pass: Pass): number {
  if (pass.at < pass.end) {
    const byte = pass.input.getUint8(pass.at);
    if (byte < 0x80) {
      pass.at++;
      return byte;
    }
  }
  return readLongNumber(pass);
}

function readLongNumber(pass: Pass): number {
  let value = 0;
  let scale = 1;
  for (let at = pass.at; at < pass.end && scale <= 2 ** 49; at++) {
    const byte = pass.input.getUint8(at);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      pass.at = at + 1;
      if (value > Number.MAX_SAFE_INTEGER) markIrregular(pass);
      return value;
    }
    scale *= 0x80;
  }
  markIrregular(pass);
  return 0;
}

/** Reads a length; returns where that many bytes end, never beyond the innermost message. */
export function readEnd(pass: Pass): number {
  const length = readNumber(pass);
  if (length > pass.end - pass.at) markIrregular(pass);
  return pass.regular ? pass.at + length : pass.at;
}

/** Enters the message whose length is next. Returns the end of the outer one, for leaveMessage. */
export function enterMessage(pass: Pass): number {
  const outer_end = pass.end;
  pass.end = readEnd(pass);
  return outer_end;
}

/** Leaves a message, of which everything must have been taken. */
export function leaveMessage(pass: Pass, outer_end: number): void {
  if (pass.at !== pass.end) markIrregular(pass);
  else if (pass.regular) pass.end = outer_end;
}

/** ASCII that is written and compared four bytes at a time. */
export interface Literal {
  /** An even number of words, zeros after the text. */
  readonly words: Int32Array;
  /** Of the text. */
  readonly length: number;
}

/** Writes whole words: up to LITERAL_SURPLUS_MAX bytes after the text, which the next write replaces. */
export const LITERAL_SURPLUS_MAX = 7;

export function literal(text: string): Literal {
  const bytes = Buffer.alloc(Math.ceil(text.length / 8) * 8);
  bytes.write(text, "latin1");
  const words = Int32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readInt32LE(index * 4));
  return { words, length: text.length };
}

export function write(pass: Pass, { words, length }: Literal): void {
  const { output, out } = pass;
  for (let index = 0; index < words.length; index += 2) {
    output.setInt32(out + index * 4, words[index] ?? 0, true);
    output.setInt32(out + index * 4 + 4, words[index + 1] ?? 0, true);
  }
  pass.out = out + length;
}

export function writeByte(pass: Pass, byte: number): void {
  pass.output.setUint8(pass.out++, byte);
}

export function writeAscii(pass: Pass, text: string): void {
  for (let index = 0; index < text.length; index++) writeByte(pass, text.charCodeAt(index));
}

const ZERO = 0x30;
/** The digits of 0 to 99, two bytes each. */
const DIGIT_PAIRS = Uint16Array.from(
  { length: 100 },
  (_, value) => ((ZERO + Math.floor(value / 10)) << 8) | (ZERO + (value % 10)),
);
/** Larger numbers are printed by V8. */
const OWN_NUMBER_MAX = 999_999_999;

/** Writes a whole number of 0 to 2^53 − 1. */
export function writeNumber(pass: Pass, value: number): void {
  if (value > OWN_NUMBER_MAX) {
    writeAscii(pass, String(value));
    return;
  }
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits++;
  writeDigits(pass, value, digits);
}

/** Writes the last `digits` digits of a whole number below 2^31, with zeros before it. */
export function writeDigits(pass: Pass, value: number, digits: number): void {
  const { output, out } = pass;
  let rest = value | 0;
  let at = out + digits;
  while (at > out + 1) {
    const hundreds = (rest / 100) | 0;
    at -= 2;
    output.setUint16(at, DIGIT_PAIRS[rest - hundreds * 100] ?? 0);
    rest = hundreds;
  }
  if (at > out) output.setUint8(out, ZERO + (rest % 10));
  pass.out = out + digits;
}

export interface NumberRule {
  readonly minimum: number;
  readonly maximum: number;
}

/** Reads and writes a number within limits; one that the record does not have is 0. Returns it. */
export function copyNumber(pass: Pass, tag: number, { minimum, maximum }: NumberRule): number {
  const value = take(pass, tag) ? readNumber(pass) : 0;
  if (value < minimum || value > maximum) markIrregular(pass);
  else writeNumber(pass, value);
  return value;
}
