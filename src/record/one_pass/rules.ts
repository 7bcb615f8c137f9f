/** What the row's JSON Schema allows, in the form in which one pass can check it. */

import type { ArtifactRule } from "./artifact.js";
import { type NameRule, type Word, wordOf } from "./names.js";

interface NameSchema {
  readonly minLength?: number;
  readonly maxLength: number;
  readonly pattern: string;
}

/** What is read of schema/session.iterate.v1.schema.json. */
export interface RecordSchema {
  readonly maxRowBytes: number;
  readonly properties: {
    readonly schema: { readonly const: string };
    readonly daemon: NameSchema;
    readonly prompt: { readonly maxLength: number };
    readonly iterations: { readonly maximum: number };
    readonly max_iterations: { readonly maximum: number };
    readonly final_verdict: { readonly enum: readonly string[] };
    readonly attempts: {
      readonly maxItems: number;
      readonly items: {
        readonly properties: {
          readonly iteration: { readonly maximum: number };
          readonly verdict_kind: { readonly enum: readonly string[] };
          readonly error: { readonly maxLength: number };
        };
      };
    };
    readonly artifact: { readonly maxJsonBytes: number; readonly maxJsonDepth: number };
    readonly duration_ms: { readonly maximum: number };
  };
  readonly $defs: { readonly id: NameSchema; readonly name: NameSchema };
}

/** Lengths are in code points, or in characters where only ASCII is regular. */
export interface Rules {
  readonly schema: Word;
  readonly id: NameRule;
  readonly daemon: NameRule;
  /** Of model and provider: names in other letters are irregular. */
  readonly name: NameRule;
  readonly kinds: readonly Word[];
  readonly prompt_length_max: number;
  readonly iterations_max: number;
  readonly max_iterations_max: number;
  readonly final_verdicts: readonly Word[];
  readonly attempts_max: number;
  readonly iteration_max: number;
  readonly verdict_kinds: readonly Word[];
  readonly error_length_max: number;
  readonly artifact: ArtifactRule;
  readonly duration_ms_max: number;
  readonly row_bytes_max: number;
}

/** Functions that call themselves go no deeper, whatever the schema allows. */
const DEPTH_MAX = 100;

/** Throws when the schema has a pattern that cannot be checked character by character. */
export function rulesOf({ maxRowBytes, properties, $defs }: RecordSchema, kinds: readonly string[]): Rules {
  const attempt = properties.attempts.items.properties;
  const { maxJsonBytes, maxJsonDepth } = properties.artifact;
  return {
    schema: wordOf(properties.schema.const),
    id: nameRule("id", $defs.id),
    daemon: nameRule("daemon", properties.daemon),
    name: nameRule("name", $defs.name),
    kinds: kinds.filter(isPlain).map(wordOf),
    prompt_length_max: properties.prompt.maxLength,
    iterations_max: properties.iterations.maximum,
    max_iterations_max: properties.max_iterations.maximum,
    final_verdicts: properties.final_verdict.enum.map(wordOf),
    attempts_max: properties.attempts.maxItems,
    iteration_max: attempt.iteration.maximum,
    verdict_kinds: attempt.verdict_kind.enum.map(wordOf),
    error_length_max: attempt.error.maxLength,
    artifact: { json_bytes_max: maxJsonBytes, depth_max: Math.min(maxJsonDepth, DEPTH_MAX) },
    duration_ms_max: properties.duration_ms.maximum,
    row_bytes_max: maxRowBytes,
  };
}

/** One class of characters, any number of them: whether a text matches is decided by each character alone. */
const ONE_CLASS = /^\^\[(?:[^\]\\]|\\.)+\][+*]\$$/;

function nameRule(name: string, { minLength = 0, maxLength, pattern }: NameSchema): NameRule {
  if (!ONE_CLASS.test(pattern)) {
    throw new Error(
      `the row's schema: the pattern of ${name} is ${pattern}, expected one class of characters, ^[…]+$ or ^[…]*$`,
    );
  }
  const expression = new RegExp(pattern, "u");
  const allowed = Uint8Array.from({ length: 256 }, (_, byte) => {
    const character = String.fromCharCode(byte);
    return expression.test(character) && isPlain(character) ? 1 : 0;
  });
  return { length_min: minLength, length_max: maxLength, allowed };
}

/** Whether a text is printable ASCII and JSON escapes nothing of it. */
function isPlain(text: string): boolean {
  return /^[ -~]+$/.test(text) && JSON.stringify(text) === `"${text}"`;
}
