/** An artifact, a value that is an object in JSON, → google.protobuf.Struct. */
import {
  fits,
  type RowWriter,
  refuse,
  writeDouble,
  writeLength,
  writeText,
  writeVarint,
  writtenLength,
} from "@sessionlog/protocol/wire/reverse_writer";

const ENTRY_KEY = 0x0a;
const ENTRY_VALUE = 0x12;
const REPEATED = 0x0a;
const VALUE_NULL = 0x08;
const VALUE_NUMBER = 0x11;
const VALUE_STRING = 0x1a;
const VALUE_BOOL = 0x20;
const VALUE_STRUCT = 0x2a;
const VALUE_LIST = 0x32;

/** Ends the walk into a value that contains itself. The service's own limit is lower, and its to tell. */
const LEVELS_MAX = 100;

type PlainObject = Readonly<Record<string, unknown>>;

/**
 * Writes the fields of a google.protobuf.Struct. False, with the writer's fault, when JSON cannot say the value.
 *
 * As in JSON.stringify, toJSON is asked, undefined is left out of objects and null in lists. What that would lose or
 * change without a word is refused: NaN, a Map, a typed array, an object of a class without toJSON.
 */
export function writeArtifact(writer: RowWriter, artifact: unknown): boolean {
  const value = plain(artifact);
  return isPlainObject(value)
    ? writeObject(writer, value, 1)
    : wrong(writer, "INVALID_FORMAT", `expected a plain object, found ${nameOf(value)}`);
}

function writeObject(writer: RowWriter, object: PlainObject, level: number): boolean {
  if (level > LEVELS_MAX) return tooDeep(writer);
  const keys = Object.keys(object);
  for (let index = keys.length - 1; index >= 0; index--) {
    const key = keys[index] ?? "";
    const value = object[key];
    if (value === undefined) continue;
    const mark = writtenLength(writer);
    if (!writeValue(writer, value, level)) return false;
    writeLength(writer, mark);
    writeVarint(writer, ENTRY_VALUE);
    if (!fits(writer, key.length)) return false;
    writeText(writer, key);
    writeVarint(writer, ENTRY_KEY);
    writeLength(writer, mark);
    writeVarint(writer, REPEATED);
    if (!fits(writer)) return false;
  }
  return true;
}

function writeList(writer: RowWriter, list: readonly unknown[], level: number): boolean {
  if (level > LEVELS_MAX) return tooDeep(writer);
  for (let index = list.length - 1; index >= 0; index--) {
    const mark = writtenLength(writer);
    if (!writeValue(writer, list[index], level)) return false;
    writeLength(writer, mark);
    writeVarint(writer, REPEATED);
    if (!fits(writer)) return false;
  }
  return true;
}

/** A google.protobuf.Value within a container of this level. */
function writeValue(writer: RowWriter, value: unknown, level: number): boolean {
  switch (typeof value) {
    case "string":
      // UTF-8 has no fewer bytes.
      if (!fits(writer, value.length)) return false;
      writeText(writer, value);
      writeVarint(writer, VALUE_STRING);
      return fits(writer);
    case "number":
      if (!Number.isFinite(value)) return wrong(writer, "NOT_FINITE", "expected finite numbers only");
      writeDouble(writer, value);
      writeVarint(writer, VALUE_NUMBER);
      return true;
    case "boolean":
      writeVarint(writer, value ? 1 : 0);
      writeVarint(writer, VALUE_BOOL);
      return true;
    case "undefined":
      return writeNull(writer);
    case "object":
      return value === null ? writeNull(writer) : writeContainer(writer, value, level);
    default:
      return wrong(writer, "INVALID_FORMAT", `expected what JSON can say, found a ${typeof value}`);
  }
}

function writeNull(writer: RowWriter): true {
  writeVarint(writer, 0);
  writeVarint(writer, VALUE_NULL);
  return true;
}

function writeContainer(writer: RowWriter, container: object, level: number): boolean {
  const mark = writtenLength(writer);
  const value = plain(container);
  if (Array.isArray(value)) {
    if (!writeList(writer, value, level + 1)) return false;
    writeLength(writer, mark);
    writeVarint(writer, VALUE_LIST);
    return true;
  }
  if (isPlainObject(value)) {
    if (!writeObject(writer, value, level + 1)) return false;
    writeLength(writer, mark);
    writeVarint(writer, VALUE_STRUCT);
    return true;
  }
  // What toJSON answered is not asked again, so an answer that is no container is a leaf.
  if (typeof value === "object" && value !== null) {
    return wrong(writer, "INVALID_FORMAT", `expected what JSON can say, found ${nameOf(value)}`);
  }
  return writeValue(writer, value, level);
}

/** What toJSON makes of a value that has it: of a Date its text. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("toJSON" in value)) return value;
  return typeof value.toJSON === "function" ? value.toJSON() : value;
}

/** Whether a value is an object as literals and JSON.parse make them, of this realm or another, or has no prototype. */
function isPlainObject(value: unknown): value is PlainObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value !== "object" || value === null) return value === null ? "null" : `a ${typeof value}`;
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && /^\w{1,64}$/.test(name) ? `a ${name}` : "an object of a class";
}

function tooDeep(writer: RowWriter): false {
  return wrong(writer, "TOO_DEEP", `more than ${LEVELS_MAX} levels of objects and lists; does it contain itself?`);
}

function wrong(writer: RowWriter, reason: string, description: string): false {
  return refuse(writer, "record.artifact", reason, description);
}
