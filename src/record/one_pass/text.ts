/** Text of any kind → a JSON string, exactly as JSON.stringify prints it. */

import { isUtf8 } from "node:buffer";
import { literal, markIrregular, type Pass, readEnd, writeByte } from "./pass.js";

export const EMPTY_TEXT = literal('""');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEX_DIGITS = Buffer.from("0123456789abcdef");
/** \u00 */
const UNICODE_ESCAPE = 0x5c753030;

/** For each byte, the letter after its backslash; 0 when it is printed as it is. U: as \u00xx. */
const ESCAPE_LETTERS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const printed = byte < 0x80 ? JSON.stringify(String.fromCharCode(byte)) : "";
  return printed.startsWith('"\\') ? printed.charCodeAt(2) : 0;
});
const LETTER_U = "u".charCodeAt(0);

/** Reads a text and prints its first `code_points_max` code points, between quotes. */
export function copyText(pass: Pass, code_points_max: number): void {
  const end = readEnd(pass);
  // A code point has at least one byte.
  const cut = end - pass.at <= code_points_max ? end : findCut(pass, end, code_points_max);
  copyQuoted(pass, cut);
  if (pass.regular) pass.at = end;
}

/** Reads what is left up to `end` and prints it between quotes. */
export function copyQuoted(pass: Pass, end: number): void {
  writeByte(pass, QUOTE);
  const start = pass.at;
  const is_ascii = copyEscaped(pass, end);
  if (!is_ascii && !isUtf8Between(pass, start, end)) markIrregular(pass);
  writeByte(pass, QUOTE);
}

/**
 * Copies four bytes at a time. Those that have a byte to escape are written as well: what is after that byte is written
 * over. Bytes beyond ASCII go through as they are. Returns whether there were none.
 */
function copyEscaped(pass: Pass, end: number): boolean {
  const { input, output } = pass;
  let { at, out } = pass;
  let seen = 0;
  while (at + 8 <= end) {
    const first = input.getInt32(at, true);
    const second = input.getInt32(at + 4, true);
    if ((flagEscapes(first) | flagEscapes(second)) !== 0) break;
    output.setInt32(out, first, true);
    output.setInt32(out + 4, second, true);
    seen |= first | second;
    at += 8;
    out += 8;
  }
  while (at + 4 <= end) {
    const word = input.getInt32(at, true);
    output.setInt32(out, word, true);
    seen |= word;
    const flags = flagEscapes(word);
    if (flags === 0) {
      at += 4;
      out += 4;
    } else {
      const before = firstFlagged(flags);
      at += before + 1;
      out = writeEscape(output, out + before, (word >>> (8 * before)) & 0xff);
    }
  }
  while (at < end) {
    const byte = input.getUint8(at++);
    seen |= byte;
    if (ESCAPE_LETTERS[byte] !== 0) out = writeEscape(output, out, byte);
    else output.setUint8(out++, byte);
  }
  pass.at = at;
  pass.out = out;
  return (seen & 0x80808080) === 0;
}

/**
 * 0 when none of a word's four bytes is below 0x20, a quote or a backslash. Else the lowest flag is that of the first
 * such byte; higher flags may be wrong. https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
 */
function flagEscapes(word: number): number {
  const control = word - 0x20202020;
  const quote = (word ^ 0x22222222) - 0x01010101;
  const backslash = (word ^ 0x5c5c5c5c) - 0x01010101;
  return (control | quote | backslash) & ~word & 0x80808080;
}

function firstFlagged(flags: number): number {
  return (31 - Math.clz32(flags & -flags)) >> 3;
}

/** Returns where the next byte goes. */
function writeEscape(output: DataView, out: number, byte: number): number {
  const letter = ESCAPE_LETTERS[byte] ?? 0;
  if (letter !== LETTER_U) {
    output.setUint16(out, (BACKSLASH << 8) | letter);
    return out + 2;
  }
  output.setInt32(out, UNICODE_ESCAPE);
  output.setUint8(out + 4, HEX_DIGITS[byte >> 4] ?? 0);
  output.setUint8(out + 5, HEX_DIGITS[byte & 0xf] ?? 0);
  return out + 6;
}

/** Where the first `code_points_max` code points end; the whole text must be UTF-8, also what is cut off. */
function findCut(pass: Pass, end: number, code_points_max: number): number {
  const { input, at: start } = pass;
  if (!isUtf8Between(pass, start, end)) {
    markIrregular(pass);
    return pass.at;
  }
  let code_points = 0;
  let at = start;
  for (; at < end; at++) {
    const continues = (input.getUint8(at) & 0xc0) === 0x80;
    if (!continues && ++code_points > code_points_max) break;
  }
  return at;
}

function isUtf8Between({ input }: Pass, start: number, end: number): boolean {
  return isUtf8(new Uint8Array(input.buffer, start, end - start));
}
