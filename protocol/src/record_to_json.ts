/** A record's protobuf bytes → its ProtoJSON, of which `sessionlog append` takes a line. */
import { SESSION_ATTEMPT_FIELDS, SESSION_RECORD_FIELDS } from "./gen/fields.js";
import { Timestamp } from "./gen/google/protobuf/timestamp.js";
import { parseTimestamp, printTimestamp } from "./timestamp.js";
import {
  type Cursor,
  createCursor,
  readBool,
  readBytes,
  readDouble,
  readEnd,
  readInt32,
  readMessage,
  readTag,
  readText,
  readVarint,
  skipField,
} from "./wire/reader.js";
import * as struct from "./wire/struct.js";

interface Field {
  readonly name: string;
  readonly type: string;
  readonly tag: number;
}
type FieldsByTag = ReadonlyMap<number, Field>;

const RECORD = byTag(SESSION_RECORD_FIELDS);
const ATTEMPT = byTag(SESSION_ATTEMPT_FIELDS);

function byTag(fields: Readonly<Record<string, Field>>): FieldsByTag {
  return new Map(Object.values(fields).map((field) => [field.tag, field]));
}

/** One line of JSON with its newline. Throws for bytes that are not a record, and for what JSON cannot express, which is a
 * time outside of the years 0001 to 9999: the service would refuse such a record, too. */
export function recordToJsonLine(record: Uint8Array): string {
  const cursor = createCursor(record);
  const json = printMessage(cursor, RECORD, cursor.end);
  if (cursor.fault !== "") throw new RangeError(`the bytes are not a record: ${cursor.fault}`);
  return `${json}\n`;
}

/** Text is put together, not objects: keys of an artifact may be any, `__proto__` among them. */
function printMessage(cursor: Cursor, fields: FieldsByTag, end?: number): string {
  const members: string[] = [];
  const attempts: string[] = [];
  const readField = (tag: number) => {
    const field = fields.get(tag);
    if (field === undefined) skipField(cursor, tag);
    else if (field.name === "attempts") attempts.push(printMessage(cursor, ATTEMPT));
    else members.push(`"${field.name}":${printField(cursor, field)}`);
  };
  readMessage(cursor, readField, end);
  if (attempts.length > 0) members.push(`"attempts":[${attempts.join(",")}]`);
  return `{${members.join(",")}}`;
}

function printField(cursor: Cursor, { name, type }: Field): string {
  switch (type) {
    case "int32":
      return `${readInt32(cursor)}`;
    case "int64":
      readVarint(cursor);
      return `"${BigInt.asIntN(64, (BigInt(cursor.high) << 32n) | BigInt(cursor.low))}"`;
    case "bool":
      return `${readBool(cursor)}`;
    case "google.protobuf.Timestamp":
      return printTime(Timestamp.decode(readBytes(cursor)));
    case "google.protobuf.Struct":
      return printStruct(cursor);
    default:
      return JSON.stringify(readText(cursor, name));
  }
}

function printTime(timestamp: Timestamp): string {
  const text = printTimestamp(timestamp);
  if (parseTimestamp(text) === undefined) throw new RangeError("a time that RFC 3339 cannot express");
  return `"${text}"`;
}

/** A message of an artifact that is being read. */
interface Frame {
  readonly message: "struct" | "entry" | "value" | "list";
  readonly end: number;
  readonly parent: Frame | undefined;
  /** Of a struct or a list. */
  readonly items: string[];
  /** Of an entry. */
  key: string;
  /** Of an entry or a value: what was read so far. */
  json: string;
}

/** One loop with its own stack: an artifact may have any depth. */
function printStruct(cursor: Cursor): string {
  const { end } = cursor;
  let frame = openFrame(cursor, "struct", undefined);
  for (;;) {
    cursor.end = frame.end;
    if (cursor.at < frame.end) {
      frame = readStructField(cursor, frame);
      continue;
    }
    const json = closeFrame(frame);
    if (frame.parent === undefined) {
      cursor.end = end;
      return json;
    }
    frame = frame.parent;
    if (frame.message === "struct" || frame.message === "list") frame.items.push(json);
    else frame.json = json;
  }
}

function openFrame(cursor: Cursor, message: Frame["message"], parent: Frame | undefined): Frame {
  return { message, end: readEnd(cursor), parent, items: [], key: "", json: "null" };
}

function closeFrame({ message, items, key, json }: Frame): string {
  if (message === "struct") return `{${items.join(",")}}`;
  if (message === "list") return `[${items.join(",")}]`;
  return message === "entry" ? `${JSON.stringify(key)}:${json}` : json;
}

/** Reads one field; returns the frame to continue with. */
function readStructField(cursor: Cursor, frame: Frame): Frame {
  const tag = readTag(cursor);
  const { message } = frame;
  if (message === "struct" && tag === struct.REPEATED) return openFrame(cursor, "entry", frame);
  if (message === "list" && tag === struct.REPEATED) return openFrame(cursor, "value", frame);
  if (message === "entry" && tag === struct.ENTRY_VALUE) return openFrame(cursor, "value", frame);
  if (message === "value" && tag === struct.VALUE_STRUCT) return openFrame(cursor, "struct", frame);
  if (message === "value" && tag === struct.VALUE_LIST) return openFrame(cursor, "list", frame);
  if (message === "entry" && tag === struct.ENTRY_KEY) frame.key = readText(cursor, "a key of artifact");
  else if (message === "value") readLeaf(cursor, frame, tag);
  else skipField(cursor, tag);
  return frame;
}

function readLeaf(cursor: Cursor, frame: Frame, tag: number): void {
  if (tag === struct.VALUE_NUMBER) frame.json = printNumber(readDouble(cursor));
  else if (tag === struct.VALUE_STRING) frame.json = JSON.stringify(readText(cursor, "a text of artifact"));
  else if (tag === struct.VALUE_BOOL) frame.json = `${readBool(cursor)}`;
  else {
    if (tag === struct.VALUE_NULL) frame.json = "null";
    skipField(cursor, tag);
  }
}

function printNumber(value: number): string {
  return Object.is(value, -0) ? "-0" : `${value}`;
}
