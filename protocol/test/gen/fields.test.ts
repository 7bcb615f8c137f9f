import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SESSION_ATTEMPT_FIELDS, SESSION_RECORD_FIELDS } from "../../src/gen/fields.js";
import { sessionSchema } from "../../src/gen/session_schema.js";

/** DuckDB's types for a field's. */
const COLUMN_TYPES: Readonly<Record<string, string>> = {
  string: "VARCHAR",
  int32: "INTEGER",
  int64: "BIGINT",
  bool: "BOOLEAN",
  "google.protobuf.Timestamp": "TIMESTAMPTZ",
  "google.protobuf.Struct": "JSON",
};

function columnsOf(fields: Readonly<Record<string, { readonly type: string }>>): (readonly [string, string])[] {
  return Object.entries(fields).map(([name, { type }]) => [name, COLUMN_TYPES[type] ?? structOfAttempts()]);
}

function structOfAttempts(): string {
  return `STRUCT(${columnsOf(SESSION_ATTEMPT_FIELDS).map((column) => column.join(" "))})[]`.replaceAll(",", ", ");
}

test("queries/views.sql has a record's fields as columns, in their order", () => {
  const views = readFileSync("queries/views.sql", "utf8");
  const [, columns = ""] = /columns = \{\n(.*?)\n\s*\}/s.exec(views) ?? [];
  const listed = columns.split(",\n").map((line) => /^\s*(\w+): '(.*)'$/.exec(line)?.slice(1));
  expect(listed).toEqual(columnsOf(SESSION_RECORD_FIELDS));
});

test("the row's JSON Schema has a record's fields, in their order", () => {
  expect(Object.keys(sessionSchema.properties)).toEqual(Object.keys(SESSION_RECORD_FIELDS));
  const attempt = sessionSchema.properties.attempts.items.properties;
  expect(Object.keys(attempt)).toEqual(Object.keys(SESSION_ATTEMPT_FIELDS));
});
