/** The row's JSON Schema, compiled. */

import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import { countCodePoints } from "@sessionlog/protocol/text";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

const { properties, $defs } = sessionSchema;

const ID_PATTERN = new RegExp($defs.id.pattern, "u");

/** Whether a text may be a session_id or a span_id. */
export function isSessionId(text: string): boolean {
  return text.length >= $defs.id.minLength && text.length <= $defs.id.maxLength && ID_PATTERN.test(text);
}

/** How the keywords maxJsonBytes and maxJsonDepth measure a value, which need not be JSON any more. */
export interface JsonMeasure<Json> {
  /** Length of the value's compact JSON in UTF-8. */
  bytes(value: Json): number;
  /** Levels of objects and lists, the value itself being the first. */
  depth(value: Json): number;
}

/**
 * Compiles the schema together with the configured kinds, if given. The validator reports all errors, each with its data and
 * schema. maxRowBytes is checked where the row is printed. Throws when `kinds` is empty.
 */
export function compileRowSchema<Json>(
  kinds: readonly string[] | undefined,
  measure: JsonMeasure<Json>,
): ValidateFunction {
  const ajv = new Ajv2020({ allErrors: true, strict: true, verbose: true, formats: { "date-time": true } });
  ajv.addVocabulary(["maxRowBytes", "expected"]);
  ajv.addKeyword({
    keyword: "maxJsonBytes",
    schemaType: "number",
    compile: (limit: number) => (value: Json) => measure.bytes(value) <= limit,
  });
  ajv.addKeyword({
    keyword: "maxJsonDepth",
    schemaType: "number",
    compile: (limit: number) => (value: Json) => measure.depth(value) <= limit,
  });
  // The same as ajv's own, which count the code points of every text: most texts need no counting.
  ajv.removeKeyword("minLength").addKeyword({
    keyword: "minLength",
    type: "string",
    schemaType: "number",
    compile: (limit: number) => (text: string) => text.length >= 2 * limit || countCodePoints(text) >= limit,
  });
  ajv.removeKeyword("maxLength").addKeyword({
    keyword: "maxLength",
    type: "string",
    schemaType: "number",
    compile: (limit: number) => (text: string) => text.length <= limit || countCodePoints(text) <= limit,
  });
  const kind = kinds === undefined ? properties.kind : { ...properties.kind, enum: [...new Set(kinds)] };
  return ajv.compile({ ...sessionSchema, properties: { ...properties, kind } });
}
