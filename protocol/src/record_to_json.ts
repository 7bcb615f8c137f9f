/** A row's bytes, as this client wrote them, → its ProtoJSON, of which `sessionlog append` takes a line. */
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { Timestamp } from "./gen/google/protobuf/timestamp.js";

type FieldType = "text" | "int32" | "int64" | "bool" | "timestamp" | "attempt" | "struct";

/** Fields in the order of their numbers, which are 1, 2, 3 … */
type Fields = readonly (readonly [name: string, type: FieldType])[];

const RECORD_FIELDS: Fields = [
  ["schema", "text"],
  ["session_id", "text"],
  ["timestamp", "timestamp"],
  ["daemon", "text"],
  ["kind", "text"],
  ["model", "text"],
  ["provider", "text"],
  ["prompt", "text"],
  ["iterations", "int32"],
  ["max_iterations", "int32"],
  ["final_verdict", "text"],
  ["attempts", "attempt"],
  ["artifact", "struct"],
  ["grounded_in_roster", "bool"],
  ["duration_ms", "int64"],
];

const ATTEMPT_FIELDS: Fields = [
  ["iteration", "int32"],
  ["verdict_kind", "text"],
  ["error", "text"],
  ["span_id", "text"],
];

/** One line of JSON with its newline. Throws for what JSON cannot say, which is a time outside of the years 0001 to 9999:
 * such a row the service would refuse, too. */
export function rowToJsonLine(row: Uint8Array): string {
  return `${printMessage(row, RECORD_FIELDS)}\n`;
}

/** Text is put together, not objects: keys of an artifact may be any, `__proto__` among them. */
function printMessage(bytes: Uint8Array, fields: Fields): string {
  const reader = new BinaryReader(bytes);
  const members: string[] = [];
  const attempts: string[] = [];
  while (reader.pos < reader.len) {
    const [number, wire_type] = reader.tag();
    const field = fields[number - 1];
    if (field === undefined) reader.skip(wire_type, number);
    else if (field[1] === "attempt") attempts.push(printMessage(reader.bytes(), ATTEMPT_FIELDS));
    else members.push(`"${field[0]}":${printField(reader, field[1])}`);
  }
  if (attempts.length > 0) members.push(`"attempts":[${attempts.join(",")}]`);
  return `{${members.join(",")}}`;
}

function printField(reader: BinaryReader, type: FieldType): string {
  switch (type) {
    case "int32":
      return `${reader.int32()}`;
    case "int64":
      return `"${reader.int64()}"`;
    case "bool":
      return `${reader.bool()}`;
    case "timestamp":
      return printTimestamp(Timestamp.decode(reader.bytes()));
    case "struct":
      return printStruct(reader.bytes());
    default:
      return JSON.stringify(reader.string());
  }
}

function printTimestamp({ seconds, nanos }: Timestamp): string {
  const whole = new Date(seconds * 1_000).toISOString();
  if (!/^\d{4}-/.test(whole) || nanos < 0 || nanos > 999_999_999)
    throw new RangeError("a time that RFC 3339 cannot say");
  return `"${whole.slice(0, 19)}.${`${nanos}`.padStart(9, "0")}Z"`;
}

function printStruct(bytes: Uint8Array): string {
  const entries: string[] = [];
  forEachField(bytes, (_, reader) => {
    let key = "";
    let value = "null";
    forEachField(reader.bytes(), (number, entry) => {
      if (number === 1) key = entry.string();
      else value = printValue(entry.bytes());
    });
    entries.push(`${JSON.stringify(key)}:${value}`);
  });
  return `{${entries.join(",")}}`;
}

function printValue(bytes: Uint8Array): string {
  let text = "null";
  forEachField(bytes, (number, reader) => {
    if (number === 1) reader.int32();
    else if (number === 2) text = printNumber(reader.double());
    else if (number === 3) text = JSON.stringify(reader.string());
    else if (number === 4) text = `${reader.bool()}`;
    else if (number === 5) text = printStruct(reader.bytes());
    else text = printList(reader.bytes());
  });
  return text;
}

function printNumber(value: number): string {
  return Object.is(value, -0) ? "-0" : `${value}`;
}

function printList(bytes: Uint8Array): string {
  const items: string[] = [];
  forEachField(bytes, (_, reader) => items.push(printValue(reader.bytes())));
  return `[${items.join(",")}]`;
}

function forEachField(bytes: Uint8Array, read: (number: number, reader: BinaryReader) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) read(reader.tag()[0], reader);
}
