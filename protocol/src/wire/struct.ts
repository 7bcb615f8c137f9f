/** google.protobuf.Struct on the wire. */
import {
  type ReverseWriter,
  writeDouble,
  writeLength,
  writeText,
  writeVarint,
  writtenLength,
} from "./reverse_writer.js";

/** Tags of Struct, ListValue and Value: field number and wire type. */
export const ENTRY_KEY = (1 << 3) | 2;
export const ENTRY_VALUE = (2 << 3) | 2;
export const REPEATED = (1 << 3) | 2;
export const VALUE_NULL = (1 << 3) | 0;
export const VALUE_NUMBER = (2 << 3) | 1;
export const VALUE_STRING = (3 << 3) | 2;
export const VALUE_BOOL = (4 << 3) | 0;
export const VALUE_STRUCT = (5 << 3) | 2;
export const VALUE_LIST = (6 << 3) | 2;

/** An object or list whose items are being written, from the last to the first. */
interface Frame {
  readonly items: readonly (readonly [key: string | undefined, value: unknown])[];
  readonly list: boolean;
  readonly parent: Frame | undefined;
  /** The writer's length when this container was begun. */
  readonly mark: number;
  /** Of the item being written. */
  index: number;
}

/** Writes an object as JSON.parse makes them as the fields of a Struct, of any depth. */
export function writeStruct(writer: ReverseWriter, object: object): void {
  let frame = openFrame(writer, object, undefined);
  for (;;) {
    const item = frame.items[frame.index];
    if (item === undefined) {
      const { parent } = frame;
      if (parent === undefined) return;
      writeLength(writer, frame.mark);
      writeVarint(writer, frame.list ? VALUE_LIST : VALUE_STRUCT);
      closeItem(writer, parent, frame.mark);
      frame = parent;
      continue;
    }
    const value = item[1];
    if (typeof value === "object" && value !== null) {
      frame = openFrame(writer, value, frame);
      continue;
    }
    const mark = writtenLength(writer);
    writeLeaf(writer, value);
    closeItem(writer, frame, mark);
  }
}

function openFrame(writer: ReverseWriter, container: object, parent: Frame | undefined): Frame {
  const list = Array.isArray(container);
  const items = list ? container.map((value: unknown) => [undefined, value] as const) : Object.entries(container);
  return { items, list, parent, mark: writtenLength(writer), index: items.length - 1 };
}

/** Makes a Value of what was written since `mark`, and of that the current item; then moves to the item before it. */
function closeItem(writer: ReverseWriter, frame: Frame, mark: number): void {
  writeLength(writer, mark);
  const key = frame.items[frame.index]?.[0];
  frame.index--;
  if (key !== undefined) {
    writeVarint(writer, ENTRY_VALUE);
    writeText(writer, key);
    writeVarint(writer, ENTRY_KEY);
    writeLength(writer, mark);
  }
  writeVarint(writer, REPEATED);
}

function writeLeaf(writer: ReverseWriter, value: unknown): void {
  switch (typeof value) {
    case "string":
      writeText(writer, value);
      writeVarint(writer, VALUE_STRING);
      return;
    case "number":
      writeDouble(writer, value);
      writeVarint(writer, VALUE_NUMBER);
      return;
    case "boolean":
      writeVarint(writer, value ? 1 : 0);
      writeVarint(writer, VALUE_BOOL);
      return;
    default:
      writeVarint(writer, 0);
      writeVarint(writer, VALUE_NULL);
  }
}
