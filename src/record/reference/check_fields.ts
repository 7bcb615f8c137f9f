/** Checks each field of a row by itself: the compiled JSON Schema, its errors as violations. */

import type { Reason, Violation } from "@sessionlog/protocol/violation";
import type { ErrorObject } from "ajv/dist/2020.js";
import { compileRowSchema, type JsonMeasure } from "../schema.js";
import type { Artifact } from "./artifact_json.js";
import type { RowFields } from "./normalise.js";

/** Violations by field; none when every field is valid by itself. */
export type FieldCheck = (row: RowFields) => ReadonlyMap<string, Violation>;

const NONE: ReadonlyMap<string, Violation> = new Map();

/** Where a field breaks several rules, the first of these is reported. */
const PRECEDENCE: readonly Reason[] = ["REQUIRED", "TOO_LONG"];

const REASONS: Readonly<Record<string, Reason>> = {
  minLength: "REQUIRED",
  maxLength: "TOO_LONG",
  maxItems: "TOO_LONG",
  maxJsonBytes: "TOO_LONG",
  maxJsonDepth: "TOO_DEEP",
  enum: "NOT_ALLOWED",
  const: "NOT_ALLOWED",
  minimum: "OUT_OF_RANGE",
  maximum: "OUT_OF_RANGE",
};

const ATTEMPTS = "record.attempts";

/** Shown in a description, if at all: short, and harmless wherever it is printed. */
const HARMLESS_TEXT = /^[ !#-~]{1,40}$/;

/** An artifact is printed, and measured, before it is checked. */
const measureArtifact: JsonMeasure<Artifact> = {
  bytes: (artifact) => artifact.bytes,
  depth: (artifact) => artifact.depth,
};

/** `kinds`: the allowed values of field kind, at least one; undefined for any. */
export function createFieldCheck(kinds: readonly string[] | undefined): FieldCheck {
  const validate = compileRowSchema(kinds, measureArtifact);
  return (row) => {
    const valid = validate(row);
    const not_finite_at = row.artifact?.not_finite_at;
    if (valid && not_finite_at === undefined) return NONE;
    const violations = new Map<string, Violation>();
    for (const error of validate.errors ?? []) report(violations, violationOf(error));
    if (not_finite_at !== undefined) report(violations, notFinite(not_finite_at));
    // The items of a list that is too long are not reported: there may be very many.
    if (violations.has(ATTEMPTS)) {
      for (const field of violations.keys()) if (field.startsWith(`${ATTEMPTS}[`)) violations.delete(field);
    }
    return violations;
  };
}

function report(violations: Map<string, Violation>, violation: Violation): void {
  const before = violations.get(violation.field);
  if (before === undefined || rank(violation.reason) < rank(before.reason)) violations.set(violation.field, violation);
}

function rank(reason: Reason): number {
  const place = PRECEDENCE.indexOf(reason);
  return place === -1 ? PRECEDENCE.length : place;
}

function violationOf(error: ErrorObject): Violation {
  const field = fieldOf(error.instancePath);
  // The record had seconds and nanos; that their print does not match is a matter of range.
  const format = field === "record.timestamp" ? "OUT_OF_RANGE" : "INVALID_FORMAT";
  const reason = REASONS[error.keyword] ?? format;
  return { field, reason, description: reason === "REQUIRED" ? "is required" : describe(error) };
}

/** `/attempts/1/iteration` → `record.attempts[1].iteration` */
function fieldOf(instance_path: string): string {
  return `record${instance_path.replaceAll(/\/(\d+)/g, "[$1]").replaceAll("/", ".")}`;
}

function describe(error: ErrorObject): string {
  switch (error.keyword) {
    case "maxLength":
      return `expected at most ${error.schema} characters`;
    case "maxItems":
      return `expected at most ${error.schema}`;
    case "maxJsonBytes":
      return `expected at most ${error.schema} bytes of JSON`;
    case "maxJsonDepth":
      return `expected at most ${error.schema} levels of objects and lists`;
    case "enum":
      return `expected one of ${textsOf(error.schema).join(", ")}${found(error.data)}`;
    case "const":
      return `expected ${error.schema}${found(error.data)}`;
    case "minimum":
    case "maximum":
      return `expected ${error.parentSchema?.minimum} to ${error.parentSchema?.maximum}${found(error.data)}`;
    default:
      return `expected ${error.parentSchema?.expected ?? "another form"}${found(error.data)}`;
  }
}

function textsOf(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

function found(value: unknown): string {
  if (typeof value === "number") return Number.isSafeInteger(value) ? `, found ${value}` : "";
  return typeof value === "string" && HARMLESS_TEXT.test(value) ? `, found "${value}"` : "";
}

function notFinite(path: string): Violation {
  return { field: "record.artifact", reason: "NOT_FINITE", description: `expected finite numbers only, see ${path}` };
}
