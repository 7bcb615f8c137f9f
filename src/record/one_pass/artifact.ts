/** google.protobuf.Struct → canonical JSON (RFC 8785), from bytes to bytes. */

import * as struct from "@sessionlog/protocol/wire/struct";
import {
  enterMessage,
  leaveMessage,
  literal,
  markIrregular,
  type Pass,
  readEnd,
  readNumber,
  take,
  write,
  writeAscii,
  writeByte,
  writeNumber,
} from "./pass.js";
import { RECORD_BYTES_MAX } from "./slab.js";
import { copyQuoted } from "./text.js";

export interface ArtifactRule {
  readonly json_bytes_max: number;
  /** Levels of objects and lists; the functions below call themselves as deep. */
  readonly depth_max: number;
}

const TRUE = literal("true");
const FALSE = literal("false");
const NULL = literal("null");
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

/**
 * The entries of all objects that are open, four numbers each: where the key begins and ends, where the value begins
 * and ends. An object's own are the last ones, and are dropped when it ends. There are never more than a record can
 * have.
 */
const ENTRY_NUMBERS = 4;
/** Its tag and length, and those of its value. */
const ENTRY_BYTES_MIN = 4;
const entries = new Int32Array(Math.ceil(RECORD_BYTES_MAX / ENTRY_BYTES_MIN) * ENTRY_NUMBERS);
let entries_end = 0;

/** Reads a Struct and writes it as JSON. */
export function copyArtifact(pass: Pass, { json_bytes_max, depth_max }: ArtifactRule): void {
  const start = pass.out;
  entries_end = 0;
  const outer_end = enterMessage(pass);
  copyObject(pass, depth_max);
  leaveMessage(pass, outer_end);
  if (pass.out - start > json_bytes_max) markIrregular(pass);
}

/** `levels`: how many may still be opened. */
function copyObject(pass: Pass, levels: number): void {
  if (levels === 0) markIrregular(pass);
  const first = entries_end;
  const in_order = noteEntries(pass);
  const count = (entries_end - first) / ENTRY_NUMBERS;
  const order = in_order ? undefined : sortEntries(pass, first);
  const { at, end } = pass;
  writeByte(pass, OPEN_OBJECT);
  for (let index = 0; index < count && pass.regular; index++) {
    if (index > 0) writeByte(pass, COMMA);
    copyEntry(pass, order?.[index] ?? first + index * ENTRY_NUMBERS, levels);
  }
  writeByte(pass, CLOSE_OBJECT);
  entries_end = first;
  if (!pass.regular) return;
  pass.at = at;
  pass.end = end;
}

/** Notes where an object's entries are. Returns whether their keys are sorted. */
function noteEntries(pass: Pass): boolean {
  const first = entries_end;
  let in_order = true;
  while (take(pass, struct.REPEATED)) {
    const outer_end = enterMessage(pass);
    if (take(pass, struct.ENTRY_KEY)) noteContent(pass, entries_end);
    else noteEmptyKey(entries_end);
    if (!take(pass, struct.ENTRY_VALUE)) markIrregular(pass);
    noteContent(pass, entries_end + 2);
    leaveMessage(pass, outer_end);
    if (entries_end > first && compareKeys(pass, entries_end - ENTRY_NUMBERS, entries_end) > 0) in_order = false;
    entries_end += ENTRY_NUMBERS;
  }
  return in_order;
}

/** Skips a length and what it measures, and notes where that begins and ends. */
function noteContent(pass: Pass, place: number): void {
  const end = readEnd(pass);
  entries[place] = pass.at;
  entries[place + 1] = end;
  pass.at = end;
}

/** Some libraries leave it out. */
function noteEmptyKey(place: number): void {
  entries[place] = entries[place + 1] = 0;
}

function sortEntries(pass: Pass, first: number): number[] {
  const order: number[] = [];
  for (let entry = first; entry < entries_end; entry += ENTRY_NUMBERS) order.push(entry);
  return order.sort((a, b) => compareKeys(pass, a, b));
}

/** From here on UTF-8 bytes begin characters that UTF-16 may have in another order: those from U+E000 on. */
const OTHER_ORDER_MIN = 0xee;

/**
 * Compares by UTF-16 code units, which below U+E000 is the order of UTF-8's bytes; other keys that differ there first
 * are irregular. So is a key that comes twice: however keys are sorted, equal ones are compared with each other.
 */
function compareKeys(pass: Pass, a: number, b: number): number {
  const { input } = pass;
  const a_at = entries[a] ?? 0;
  const b_at = entries[b] ?? 0;
  const a_length = (entries[a + 1] ?? 0) - a_at;
  const b_length = (entries[b + 1] ?? 0) - b_at;
  const length = Math.min(a_length, b_length);
  for (let index = 0; index < length; index++) {
    const a_byte = input.getUint8(a_at + index);
    const b_byte = input.getUint8(b_at + index);
    if (a_byte === b_byte) continue;
    if (a_byte >= OTHER_ORDER_MIN && b_byte >= OTHER_ORDER_MIN) markIrregular(pass);
    return a_byte - b_byte;
  }
  if (a_length === b_length) markIrregular(pass);
  return a_length - b_length;
}

function copyEntry(pass: Pass, entry: number, levels: number): void {
  pass.at = entries[entry] ?? 0;
  copyQuoted(pass, entries[entry + 1] ?? 0);
  writeByte(pass, COLON);
  if (!pass.regular) return;
  pass.at = entries[entry + 2] ?? 0;
  pass.end = entries[entry + 3] ?? 0;
  copyValue(pass, levels);
  if (pass.at !== pass.end) markIrregular(pass);
}

function copyList(pass: Pass, levels: number): void {
  if (levels === 0) markIrregular(pass);
  writeByte(pass, OPEN_LIST);
  for (let count = 0; take(pass, struct.REPEATED); count++) {
    if (count > 0) writeByte(pass, COMMA);
    const outer_end = enterMessage(pass);
    copyValue(pass, levels);
    leaveMessage(pass, outer_end);
  }
  writeByte(pass, CLOSE_LIST);
}

/** `levels`: how many may still be opened, with the container that the value is in. */
function copyValue(pass: Pass, levels: number): void {
  if (take(pass, struct.VALUE_STRING)) copyQuoted(pass, readEnd(pass));
  else if (take(pass, struct.VALUE_NUMBER)) copyDouble(pass);
  else if (take(pass, struct.VALUE_BOOL)) write(pass, readNumber(pass) === 0 ? FALSE : TRUE);
  else if (take(pass, struct.VALUE_STRUCT)) copyContainer(pass, copyObject, levels - 1);
  else if (take(pass, struct.VALUE_LIST)) copyContainer(pass, copyList, levels - 1);
  else if (take(pass, struct.VALUE_NULL)) copyNull(pass);
  else markIrregular(pass);
}

function copyContainer(pass: Pass, copy: (pass: Pass, levels: number) => void, levels: number): void {
  const outer_end = enterMessage(pass);
  copy(pass, levels);
  leaveMessage(pass, outer_end);
}

function copyNull(pass: Pass): void {
  readNumber(pass);
  write(pass, NULL);
}

function copyDouble(pass: Pass): void {
  if (pass.end - pass.at < 8) {
    markIrregular(pass);
    return;
  }
  const value = pass.input.getFloat64(pass.at, true);
  pass.at += 8;
  if (!Number.isFinite(value)) markIrregular(pass);
  else if (Number.isInteger(value) && value >= 0 && value < 1e9) writeNumber(pass, value);
  else writeAscii(pass, String(value));
}
