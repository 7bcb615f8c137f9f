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
  readInt32,
  readMessage,
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

function printStruct(cursor: Cursor): string {
  const entries: string[] = [];
  readMessage(cursor, (tag) => {
    if (tag === struct.REPEATED) entries.push(printEntry(cursor));
    else skipField(cursor, tag);
  });
  return `{${entries.join(",")}}`;
}

function printEntry(cursor: Cursor): string {
  let key = "";
  let value = "null";
  readMessage(cursor, (tag) => {
    if (tag === struct.ENTRY_KEY) key = readText(cursor, "a key of artifact");
    else if (tag === struct.ENTRY_VALUE) value = printValue(cursor);
    else skipField(cursor, tag);
  });
  return `${JSON.stringify(key)}:${value}`;
}

function printValue(cursor: Cursor): string {
  let json = "null";
  readMessage(cursor, (tag) => {
    if (tag === struct.VALUE_NUMBER) json = printNumber(readDouble(cursor));
    else if (tag === struct.VALUE_STRING) json = JSON.stringify(readText(cursor, "a text of artifact"));
    else if (tag === struct.VALUE_BOOL) json = `${readBool(cursor)}`;
    else if (tag === struct.VALUE_STRUCT) json = printStruct(cursor);
    else if (tag === struct.VALUE_LIST) json = printList(cursor);
    else {
      if (tag === struct.VALUE_NULL) json = "null";
      skipField(cursor, tag);
    }
  });
  return json;
}

function printNumber(value: number): string {
  return Object.is(value, -0) ? "-0" : `${value}`;
}

function printList(cursor: Cursor): string {
  const items: string[] = [];
  readMessage(cursor, (tag) => {
    if (tag === struct.REPEATED) items.push(printValue(cursor));
    else skipField(cursor, tag);
  });
  return `[${items.join(",")}]`;
}
