/** Short text of which the schema says each character or each value: nothing in it is escaped. */

import { type Literal, literal, markIrregular, type Pass, readEnd, take, write, writeByte } from "./pass.js";

/** A text of a few kinds of characters, all of them ASCII. */
export interface NameRule {
  /** In characters. */
  readonly length_min: number;
  readonly length_max: number;
  /** For each byte, 1 when it may occur. */
  readonly allowed: Uint8Array;
}

/** Reads a name and writes it, without quotes. */
export function copyName(pass: Pass, { length_min, length_max, allowed }: NameRule): void {
  const end = readEnd(pass);
  const { input, output } = pass;
  let { at, out } = pass;
  const length = end - at;
  let good = length >= length_min && length <= length_max ? 1 : 0;
  for (; at + 4 <= end; at += 4, out += 4) {
    const word = input.getInt32(at, true);
    output.setInt32(out, word, true);
    good &= (allowed[word & 0xff] ?? 0) & (allowed[(word >> 8) & 0xff] ?? 0);
    good &= (allowed[(word >> 16) & 0xff] ?? 0) & (allowed[word >>> 24] ?? 0);
  }
  for (; at < end; at++, out++) {
    const byte = input.getUint8(at);
    output.setUint8(out, byte);
    good &= allowed[byte] ?? 0;
  }
  pass.at = at;
  pass.out = out;
  if (good === 0) markIrregular(pass);
}

/** Writes a name that the record does not have, without quotes. */
export function writeName(pass: Pass, name: string, { length_min, length_max, allowed }: NameRule): void {
  if (name.length < length_min || name.length > length_max) {
    markIrregular(pass);
    return;
  }
  for (let index = 0; index < name.length; index++) {
    const character = name.charCodeAt(index);
    if (allowed[character] !== 1) markIrregular(pass);
    writeByte(pass, character);
  }
}

/** One of the values that a field may have. */
export interface Word {
  readonly text: string;
  readonly literal: Literal;
}

export function wordOf(text: string): Word {
  return { text, literal: literal(text) };
}

/** Reads one of these words, of a field that every record has, and writes it, without quotes. Returns its text. */
export function copyRequired(pass: Pass, tag: number, words: readonly Word[]): string {
  if (!take(pass, tag)) markIrregular(pass);
  const end = readEnd(pass);
  for (const word of words) {
    if (!isNext(pass, end, word.literal)) continue;
    write(pass, word.literal);
    pass.at = end;
    return word.text;
  }
  markIrregular(pass);
  return "";
}

/** Reads the word, and writes nothing. */
export function skipWord(pass: Pass, word: Word): void {
  const end = readEnd(pass);
  if (isNext(pass, end, word.literal)) pass.at = end;
  else markIrregular(pass);
}

/** Reads and writes the word when it is next; else nothing is read. Returns whether it was. */
export function copyKnown(pass: Pass, word: Word): boolean {
  const { at } = pass;
  const end = readEnd(pass);
  const is_next = isNext(pass, end, word.literal);
  if (is_next) write(pass, word.literal);
  if (pass.regular) pass.at = is_next ? end : at;
  return is_next;
}

function isNext({ input, at }: Pass, end: number, { length, words }: Literal): boolean {
  if (end - at !== length) return false;
  let index = 0;
  for (; index * 4 + 4 <= length; index++) if (input.getInt32(at + index * 4, true) !== words[index]) return false;
  for (let byte = index * 4; byte < length; byte++) {
    if (input.getUint8(at + byte) !== (((words[index] ?? 0) >>> (8 * (byte & 3))) & 0xff)) return false;
  }
  return true;
}
