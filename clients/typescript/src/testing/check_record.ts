/** What the service refuses of a record: the row's JSON Schema, by the few keywords that it uses, and the rules across
 * fields. */
import { checkAcrossFields } from "@sessionlog/protocol/check_across_fields";
import { SCHEMA } from "@sessionlog/protocol/gen/limits";
import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import { SessionRecord } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { countCodePoints } from "@sessionlog/protocol/text";
import { parseTimestamp, printTimestamp } from "@sessionlog/protocol/timestamp";
import type { Reason, Violation } from "@sessionlog/protocol/violation";

type Schema = Readonly<Record<string, unknown>>;

const { properties, $defs } = sessionSchema;
const ATTEMPT = properties.attempts.items;

/** All violations of a record's bytes, as the service names them; `kinds` are those that it is configured with. */
export function checkRecord(bytes: Uint8Array, kinds: readonly string[]): readonly Violation[] {
  const record = SessionRecord.decode(bytes);
  const violations = new Map<string, Violation>();
  const check = (name: string, value: unknown, schema: Schema, required: readonly string[]) => {
    const given = value !== "" || required.includes(name.replace(/.*\./, ""));
    const problem = given ? fieldProblem(value, schema) : undefined;
    const field = `record.${name}`;
    if (problem !== undefined)
      violations.set(field, { field, reason: problem[0], description: `expected ${problem[1]}` });
  };
  const row: Readonly<Record<string, unknown>> = { ...record, schema: record.schema || SCHEMA };
  for (const [name, schema] of Object.entries<Schema>({ ...properties, kind: { ...properties.kind, enum: kinds } })) {
    if (name === "timestamp") check(name, timeText(record), schema, sessionSchema.required);
    else check(name, row[name], schema, sessionSchema.required);
  }
  if (!violations.has("record.attempts")) {
    for (const [index, attempt] of record.attempts.entries()) {
      for (const [name, schema] of Object.entries<Schema>(ATTEMPT.properties)) {
        check(`attempts[${index}].${name}`, Reflect.get(attempt, name), schema, ATTEMPT.required);
      }
    }
  }
  return [...violations.values(), ...checkAcrossFields(record, violations)];
}

/** Empty for a time that RFC 3339 cannot express. */
function timeText({ timestamp }: SessionRecord): string {
  const text = timestamp === undefined ? "" : printTimestamp(timestamp);
  return parseTimestamp(text) === undefined ? "" : text;
}

/** The first rule that a value breaks. */
function fieldProblem(value: unknown, schema: Schema): readonly [Reason, expected: string] | undefined {
  if (typeof value === "string") return textProblem(value, { ...schema, ...definition(schema) });
  if (typeof value === "number" && (value < limit(schema, "minimum") || value > limit(schema, "maximum"))) {
    return ["OUT_OF_RANGE", `${schema.minimum} to ${schema.maximum}, found ${value}`];
  }
  if (Array.isArray(value) && value.length > limit(schema, "maxItems"))
    return ["TOO_LONG", `at most ${schema.maxItems}`];
  if (
    schema.maxJsonBytes !== undefined &&
    Buffer.byteLength(JSON.stringify(value) ?? "") > limit(schema, "maxJsonBytes")
  ) {
    return ["TOO_LONG", `at most ${schema.maxJsonBytes} bytes of JSON`];
  }
  return undefined;
}

function textProblem(text: string, schema: Schema): readonly [Reason, expected: string] | undefined {
  const found = text.length <= 40 ? `, found ${JSON.stringify(text)}` : "";
  if (schema.format !== undefined) return text === "" ? ["OUT_OF_RANGE", `${schema.expected}`] : undefined;
  if (text === "" && schema.minLength !== undefined) return ["REQUIRED", "a value"];
  if (schema.const !== undefined && text !== schema.const) return ["NOT_ALLOWED", `${schema.const}${found}`];
  if (Array.isArray(schema.enum) && !schema.enum.includes(text)) {
    return ["NOT_ALLOWED", `one of ${schema.enum.join(", ")}${found}`];
  }
  if (countCodePoints(text) > limit(schema, "maxLength")) return ["TOO_LONG", `at most ${schema.maxLength} characters`];
  if (typeof schema.pattern === "string" && !new RegExp(schema.pattern, "u").test(text)) {
    return ["INVALID_FORMAT", `${schema.expected}${found}`];
  }
  return undefined;
}

function definition({ $ref }: Schema): Schema {
  const found = Object.entries<Schema>($defs).find(([name]) => $ref === `#/$defs/${name}`);
  return found === undefined ? {} : found[1];
}

function limit(schema: Schema, keyword: string): number {
  const value = schema[keyword];
  if (typeof value === "number") return value;
  return keyword === "minimum" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
