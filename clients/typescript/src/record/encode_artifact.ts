/** An artifact, a value that is an object in JSON, → google.protobuf.Struct. */
import { ARTIFACT_LEVELS_MAX } from "@sessionlog/protocol/gen/limits";
import { createReverseWriter, writtenBytes } from "@sessionlog/protocol/wire/reverse_writer";
import { writeStruct } from "@sessionlog/protocol/wire/struct";
import { refuse, refusing } from "./refusal.js";

/** An item of an object or list has at least this many bytes: its tag and length, and those of its value. */
const ITEM_BYTES_MIN = 4;

type PlainObject = Readonly<Record<string, unknown>>;

/** A copy in progress. `bytes` is a lower bound of its bytes in protobuf, so that the copy is bounded as well. */
interface Copy {
  readonly bytes_max: number;
  bytes: number;
}

/**
 * The fields of a google.protobuf.Struct, at most `bytes_max` bytes. Refuses what JSON cannot express.
 *
 * As in JSON.stringify, toJSON is called, undefined is left out of objects and null in lists. What that would lose or
 * change silently is refused: NaN, a Map, a typed array, an object of a class without toJSON.
 */
export function encodeArtifact(artifact: unknown, bytes_max: number): Uint8Array {
  return refusing("record.artifact", () => {
    const value = plain(artifact);
    if (!isPlainObject(value)) return wrong("INVALID_FORMAT", `expected a plain object, found ${nameOf(value)}`);
    const writer = createReverseWriter();
    writeStruct(writer, copyObject({ bytes_max, bytes: 0 }, value, 1));
    const bytes = writtenBytes(writer);
    return bytes.length > bytes_max ? tooLong(bytes_max) : bytes;
  });
}

function copyObject(copy: Copy, object: PlainObject, level: number): PlainObject {
  checkLevel(level);
  // Without a prototype: `__proto__` is a key like any other.
  const copied: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === undefined) continue;
    count(copy, ITEM_BYTES_MIN + key.length);
    copied[key] = copyValue(copy, value, level);
  }
  return copied;
}

function copyList(copy: Copy, list: readonly unknown[], level: number): readonly unknown[] {
  checkLevel(level);
  const copied: unknown[] = [];
  for (const value of list) {
    count(copy, ITEM_BYTES_MIN);
    copied.push(copyValue(copy, value, level));
  }
  return copied;
}

/** A value within a container of this level. */
function copyValue(copy: Copy, value: unknown, level: number): unknown {
  switch (typeof value) {
    case "string":
      // UTF-8 has no fewer bytes.
      count(copy, value.length);
      return value;
    case "number":
      return Number.isFinite(value) ? value : wrong("NOT_FINITE", "expected finite numbers only");
    case "boolean":
      return value;
    case "undefined":
      return null;
    case "object":
      return value === null ? null : copyContainer(copy, plain(value), level + 1);
    default:
      return wrong("INVALID_FORMAT", `expected a JSON value, found a ${typeof value}`);
  }
}

/** `value` is what toJSON returned, if there is one. It is not called again, so what is no container is a leaf. */
function copyContainer(copy: Copy, value: unknown, level: number): unknown {
  if (Array.isArray(value)) return copyList(copy, value, level);
  if (isPlainObject(value)) return copyObject(copy, value, level);
  if (typeof value !== "object" || value === null) return copyValue(copy, value, level);
  return wrong("INVALID_FORMAT", `expected a JSON value, found ${nameOf(value)}`);
}

/** The result of toJSON for a value that has it: of a Date its text. */
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

function count(copy: Copy, bytes: number): void {
  copy.bytes += bytes;
  if (copy.bytes > copy.bytes_max) tooLong(copy.bytes_max);
}

function checkLevel(level: number): void {
  if (level <= ARTIFACT_LEVELS_MAX) return;
  wrong("TOO_DEEP", `more than ${ARTIFACT_LEVELS_MAX} levels of objects and lists; does it contain itself?`);
}

function tooLong(bytes_max: number): never {
  return wrong("TOO_LONG", `expected at most ${bytes_max} bytes`);
}

function wrong(reason: string, description: string): never {
  return refuse("record.artifact", reason, description);
}
