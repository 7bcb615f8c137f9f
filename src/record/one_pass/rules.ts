/** What the row's JSON Schema allows, in the form in which one pass can check it. */

import { printTimestamp } from "@sessionlog/protocol/timestamp";
import type { ArtifactRule } from "./artifact.js";
import { type NameRule, type Word, wordOf } from "./names.js";
import type { NumberRule } from "./pass.js";
import { SECONDS_MAX } from "./timestamp.js";

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
    readonly session_id: object;
    readonly timestamp: { readonly pattern: string };
    readonly daemon: NameSchema;
    readonly kind: object;
    readonly model: object;
    readonly provider: object;
    readonly prompt: { readonly maxLength: number };
    readonly iterations: NumberRule;
    readonly max_iterations: NumberRule;
    readonly final_verdict: { readonly enum: readonly string[] };
    readonly attempts: {
      readonly maxItems: number;
      readonly items: {
        readonly properties: {
          readonly iteration: NumberRule;
          readonly verdict_kind: { readonly enum: readonly string[] };
          readonly error: { readonly maxLength: number };
          readonly span_id: object;
        };
      };
    };
    readonly artifact: { readonly maxJsonBytes: number; readonly maxJsonDepth: number };
    readonly grounded_in_roster: object;
    readonly duration_ms: NumberRule;
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
  readonly iterations: NumberRule;
  readonly max_iterations: NumberRule;
  readonly final_verdicts: readonly Word[];
  readonly attempts_max: number;
  readonly iteration: NumberRule;
  readonly verdict_kinds: readonly Word[];
  readonly error_length_max: number;
  readonly artifact: ArtifactRule;
  readonly duration_ms: NumberRule;
  readonly row_bytes_max: number;
}

/** Functions that call themselves go no deeper, whatever the schema allows. */
const DEPTH_MAX = 100;
/** Of an attempt with a shorter one, the row's part would be more than six times as long: see slab.ts. */
const VERDICT_KIND_LENGTH_MIN = 2;

/** Throws when the schema has a rule that is not checked here, or a pattern that is not one class of characters. */
export function rulesOf(schema: RecordSchema, kinds: readonly string[]): Rules {
  const { maxRowBytes, properties, $defs } = schema;
  checkKeywords(schema);
  checkTimePattern(properties.timestamp.pattern);
  const attempt = properties.attempts.items.properties;
  const { maxJsonBytes, maxJsonDepth } = properties.artifact;
  return {
    schema: wordOf(properties.schema.const),
    id: nameRule("id", $defs.id),
    daemon: nameRule("daemon", properties.daemon),
    name: nameRule("name", $defs.name),
    kinds: wordsOf(kinds),
    prompt_length_max: properties.prompt.maxLength,
    iterations: properties.iterations,
    max_iterations: properties.max_iterations,
    final_verdicts: wordsOf(properties.final_verdict.enum),
    attempts_max: properties.attempts.maxItems,
    iteration: attempt.iteration,
    verdict_kinds: wordsOf(attempt.verdict_kind.enum.filter(({ length }) => length >= VERDICT_KIND_LENGTH_MIN)),
    error_length_max: attempt.error.maxLength,
    artifact: { json_bytes_max: maxJsonBytes, depth_max: Math.min(maxJsonDepth, DEPTH_MAX) },
    duration_ms: properties.duration_ms,
    row_bytes_max: maxRowBytes,
  };
}

/** What the schema may say of each field besides what it tells people; all of it is checked. */
const NAME_KEYWORDS = ["minLength", "maxLength", "pattern"];
const NUMBER_KEYWORDS = ["minimum", "maximum"];
const KEYWORDS = {
  schema: ["const"],
  session_id: ["$ref"],
  timestamp: ["pattern"],
  daemon: NAME_KEYWORDS,
  kind: ["minLength"],
  model: ["$ref"],
  provider: ["$ref"],
  prompt: ["maxLength"],
  iterations: NUMBER_KEYWORDS,
  max_iterations: NUMBER_KEYWORDS,
  final_verdict: ["minLength", "enum"],
  attempts: ["maxItems", "items"],
  artifact: ["maxJsonBytes", "maxJsonDepth"],
  grounded_in_roster: [],
  duration_ms: NUMBER_KEYWORDS,
};
const ATTEMPT_KEYWORDS = {
  iteration: NUMBER_KEYWORDS,
  verdict_kind: ["minLength", "enum"],
  error: ["minLength", "maxLength"],
  span_id: ["$ref"],
};
const NOTES = new Set(["title", "description", "examples", "expected", "type", "format"]);

function checkKeywords({ properties, $defs }: RecordSchema): void {
  const lists = [
    [properties, KEYWORDS],
    [properties.attempts.items.properties, ATTEMPT_KEYWORDS],
    [
      { id: $defs.id, name: $defs.name },
      { id: NAME_KEYWORDS, name: NAME_KEYWORDS },
    ],
  ] as const;
  for (const [fields, keywords] of lists) {
    const known = new Map<string, readonly string[]>(Object.entries(keywords));
    for (const [field, rules] of Object.entries(fields)) {
      const unknown = Object.keys(rules).find((keyword) => !NOTES.has(keyword) && !known.get(field)?.includes(keyword));
      if (unknown !== undefined)
        throw new Error(`the row's schema: ${field} has ${unknown}, which one pass does not check`);
    }
  }
}

/** The times that are printed are of the pattern by their form; here by the first, the last, and one between. */
function checkTimePattern(pattern: string): void {
  const expression = new RegExp(pattern, "u");
  for (const [seconds, nanos] of [
    [0, 0],
    [951_782_400, 10],
    [SECONDS_MAX, 999_999_999],
  ] as const) {
    const time = printTimestamp({ seconds, nanos });
    if (!expression.test(time))
      throw new Error(`the row's schema: the pattern of timestamp is ${pattern}, which ${time} does not match`);
  }
}

/** One class of characters, any number of them: whether a text matches is decided by each character alone. */
const ONE_CLASS = /^\^\[(?:[^\]\\]|\\.)+\]([+*])\$$/;

function nameRule(name: string, { minLength = 0, maxLength, pattern }: NameSchema): NameRule {
  const repeated = ONE_CLASS.exec(pattern)?.[1];
  if (repeated === undefined) {
    throw new Error(
      `the row's schema: the pattern of ${name} is ${pattern}, expected one class of characters, ^[…]+$ or ^[…]*$`,
    );
  }
  const expression = new RegExp(pattern, "u");
  const allowed = Uint8Array.from({ length: 256 }, (_, byte) => {
    const character = String.fromCharCode(byte);
    return expression.test(character) && isPlain(character) ? 1 : 0;
  });
  return { length_min: Math.max(minLength, repeated === "+" ? 1 : 0), length_max: maxLength, allowed };
}

/** Other words are irregular. */
function wordsOf(texts: readonly string[]): readonly Word[] {
  return texts.filter(isPlain).map(wordOf);
}

/** Whether a text is printable ASCII and JSON escapes nothing of it. */
function isPlain(text: string): boolean {
  return /^[ -~]+$/.test(text) && JSON.stringify(text) === `"${text}"`;
}
