/**
 * google.protobuf.Struct → a tree of values.
 *
 * One loop with its own stack, so that nesting of any depth is safe; and linked items instead of objects keyed by data,
 * so that `__proto__` is a key like any other and memory stays in proportion to the bytes.
 */

import { quoteText } from "@sessionlog/protocol/text";
import {
  type Cursor,
  readBool,
  readDouble,
  readEnd,
  readTag,
  readText,
  readVarint,
  skipField,
} from "@sessionlog/protocol/wire/reader";
import * as struct from "@sessionlog/protocol/wire/struct";

/** Text is JSON already, as it goes into the row; a number is not yet printed and may be no finite one. */
export type ArtifactValue = string | number | Container;

/** An object or a list, with its items in the order in which they came: keys of an object may occur more than once. */
export interface Container {
  readonly list: boolean;
  first: Item | undefined;
  last: Item | undefined;
}

export interface Item {
  /** Not quoted; empty in a list. */
  readonly key: string;
  readonly value: ArtifactValue;
  next: Item | undefined;
}

type Message = "struct" | "entry" | "value" | "list_value";

/** A message that is being read. */
interface Frame {
  readonly message: Message;
  readonly end: number;
  readonly parent: Frame | undefined;
  /** Of an entry. */
  key: string;
  /** Of a struct or list_value: what it fills. Of a value or entry: what was read so far. */
  value: ArtifactValue | undefined;
}

export function createContainer(list: boolean): Container {
  return { list, first: undefined, last: undefined };
}

/**
 * Reads a Struct that ends at `cursor.end` into `artifact`: fields that are there already stay, as protobuf merges
 * messages. Faults are left on the cursor. A value without a kind, which ProtoJSON does not know, is null.
 */
export function readStruct(cursor: Cursor, artifact: Container): void {
  let frame: Frame = { message: "struct", end: cursor.end, parent: undefined, key: "", value: artifact };
  while (cursor.fault === "") {
    if (cursor.at < frame.end) {
      frame = readField(cursor, frame);
      cursor.end = frame.end;
      continue;
    }
    const { parent } = frame;
    if (parent === undefined) return;
    closeFrame(frame, parent);
    frame = parent;
    cursor.end = frame.end;
  }
}

/** Reads one field; returns the frame to continue with. */
function readField(cursor: Cursor, frame: Frame): Frame {
  const tag = readTag(cursor);
  switch (frame.message) {
    case "struct":
      if (tag === struct.REPEATED) return openFrame(cursor, "entry", frame, undefined);
      break;
    case "list_value":
      if (tag === struct.REPEATED) return openFrame(cursor, "value", frame, undefined);
      break;
    case "entry":
      if (tag === struct.ENTRY_VALUE) return openFrame(cursor, "value", frame, frame.value);
      if (tag === struct.ENTRY_KEY) {
        frame.key = readText(cursor, "a key of artifact");
        return frame;
      }
      break;
    case "value":
      return readValueField(cursor, frame, tag);
  }
  skipField(cursor, tag);
  return frame;
}

function readValueField(cursor: Cursor, frame: Frame, tag: number): Frame {
  switch (tag) {
    case struct.VALUE_NULL:
      readVarint(cursor);
      frame.value = "null";
      return frame;
    case struct.VALUE_NUMBER:
      frame.value = readDouble(cursor);
      return frame;
    case struct.VALUE_STRING:
      frame.value = quoteText(readText(cursor, "a text of artifact"));
      return frame;
    case struct.VALUE_BOOL:
      frame.value = readBool(cursor) ? "true" : "false";
      return frame;
    case struct.VALUE_STRUCT:
    case struct.VALUE_LIST: {
      const list = tag === struct.VALUE_LIST;
      // The same member again merges, another one takes its place.
      if (typeof frame.value !== "object" || frame.value.list !== list) frame.value = createContainer(list);
      return openFrame(cursor, list ? "list_value" : "struct", frame, frame.value);
    }
    default:
      skipField(cursor, tag);
      return frame;
  }
}

function openFrame(cursor: Cursor, message: Message, parent: Frame, value: ArtifactValue | undefined): Frame {
  return { message, end: readEnd(cursor), parent, key: "", value };
}

/** Adds what was read to the enclosing message. */
function closeFrame(frame: Frame, parent: Frame): void {
  if (frame.message === "value" && parent.message === "entry") parent.value = frame.value ?? "null";
  else if (typeof parent.value === "object" && parent.message !== "value") append(parent.value, frame);
}

function append(container: Container, frame: Frame): void {
  const item: Item = { key: frame.key, value: frame.value ?? "null", next: undefined };
  if (container.last === undefined) container.first = item;
  else container.last.next = item;
  container.last = item;
}
