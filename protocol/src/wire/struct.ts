import {
  type BackwardWriter,
  writeDouble,
  writeLength,
  writeText,
  writeUnsigned,
  writtenLength,
} from "./backward_writer.js";
import {
  ENTRY_KEY,
  ENTRY_VALUE,
  REPEATED,
  VALUE_BOOL,
  VALUE_LIST,
  VALUE_NULL,
  VALUE_NUMBER,
  VALUE_STRING,
  VALUE_STRUCT,
} from "./struct_tags.js";

/** Half of a surrogate pair: no UTF-8 can say it. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;

export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** An object or list whose items are being written, from the last to the first. */
interface Frame {
  readonly items: readonly (readonly [key: string | undefined, value: unknown])[];
  readonly list: boolean;
  readonly parent: Frame | undefined;
  /** What was written before this container's first byte from behind. */
  readonly mark: number;
  /** The item at hand. */
  index: number;
}

/**
 * Writes an object that came from JSON as the fields of a google.protobuf.Struct, whatever its depth. False when a text
 * in it is no Unicode; what was written then is of no use.
 */
export function writeStruct(writer: BackwardWriter, artifact: object): boolean {
  let frame = openFrame(writer, artifact, undefined);
  for (;;) {
    const item = frame.items[frame.index];
    if (item === undefined) {
      const { parent } = frame;
      if (parent === undefined) return true;
      writeLength(writer, frame.mark);
      writeUnsigned(writer, frame.list ? VALUE_LIST : VALUE_STRUCT);
      if (!closeItem(writer, parent, frame.mark)) return false;
      frame = parent;
      continue;
    }
    const value = item[1];
    if (typeof value === "object" && value !== null) {
      frame = openFrame(writer, value, frame);
      continue;
    }
    const mark = writtenLength(writer);
    if (!writeLeaf(writer, value) || !closeItem(writer, frame, mark)) return false;
  }
}

function openFrame(writer: BackwardWriter, container: object, parent: Frame | undefined): Frame {
  const list = Array.isArray(container);
  const items = list ? container.map((value: unknown) => [undefined, value] as const) : Object.entries(container);
  return { items, list, parent, mark: writtenLength(writer), index: items.length - 1 };
}

/** Makes a Value of what was written since `mark`, and of that the item at hand; goes on to the item before it. */
function closeItem(writer: BackwardWriter, frame: Frame, mark: number): boolean {
  writeLength(writer, mark);
  const key = frame.items[frame.index]?.[0];
  frame.index--;
  if (key !== undefined) {
    if (!isWellFormed(key)) return false;
    writeUnsigned(writer, ENTRY_VALUE);
    writeText(writer, key);
    writeUnsigned(writer, ENTRY_KEY);
    writeLength(writer, mark);
  }
  writeUnsigned(writer, REPEATED);
  return true;
}

function writeLeaf(writer: BackwardWriter, value: unknown): boolean {
  switch (typeof value) {
    case "string":
      if (!isWellFormed(value)) return false;
      writeText(writer, value);
      writeUnsigned(writer, VALUE_STRING);
      return true;
    case "number":
      writeDouble(writer, value);
      writeUnsigned(writer, VALUE_NUMBER);
      return true;
    case "boolean":
      writeUnsigned(writer, value ? 1 : 0);
      writeUnsigned(writer, VALUE_BOOL);
      return true;
    default:
      writeUnsigned(writer, 0);
      writeUnsigned(writer, VALUE_NULL);
      return true;
  }
}
