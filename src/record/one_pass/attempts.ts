/** The attempts of a record → the items of the row's list. */

import { SESSION_ATTEMPT_FIELDS as ATTEMPT, SESSION_RECORD_FIELDS as RECORD } from "@sessionlog/protocol/gen/fields";
import { copyName, copyRequired, type NameRule } from "./names.js";
import {
  copyNumber,
  enterMessage,
  type Literal,
  leaveMessage,
  literal,
  markIrregular,
  type Pass,
  take,
  write,
  writeByte,
} from "./pass.js";
import type { Rules } from "./rules.js";
import { copyText, EMPTY_TEXT } from "./text.js";

const ATTEMPT_KEYS = {
  iteration: literal('{"iteration":'),
  verdict_kind: literal(',"verdict_kind":"'),
  error: literal(',"error":'),
  span_id: literal(',"span_id":"'),
} satisfies Record<keyof typeof ATTEMPT, Literal>;

/** Verdict of a session, and of its last attempt. */
export const ACCEPTED = "accepted";

const QUOTE = 0x22;
const COMMA = 0x2c;
const CLOSE_OBJECT = 0x7d;

/** The last attempt of an accepted session is accepted, no other is; their numbers rise. */
export function copyAttempts(pass: Pass, rules: Rules, accepted: boolean): void {
  let iteration = -1;
  let is_accepted = accepted;
  for (let count = 0; take(pass, RECORD.attempts.tag); count++) {
    if (count === rules.attempts_max || (count > 0 && is_accepted)) markIrregular(pass);
    if (count > 0) writeByte(pass, COMMA);
    const outer_end = enterMessage(pass);
    write(pass, ATTEMPT_KEYS.iteration);
    const before = iteration;
    iteration = copyNumber(pass, ATTEMPT.iteration.tag, rules.iteration);
    if (iteration <= before) markIrregular(pass);
    write(pass, ATTEMPT_KEYS.verdict_kind);
    is_accepted = copyRequired(pass, ATTEMPT.verdict_kind.tag, rules.verdict_kinds) === ACCEPTED;
    writeByte(pass, QUOTE);
    if (take(pass, ATTEMPT.error.tag)) copyError(pass, rules.error_length_max);
    if (take(pass, ATTEMPT.span_id.tag)) copySpanId(pass, rules.id);
    writeByte(pass, CLOSE_OBJECT);
    leaveMessage(pass, outer_end);
  }
  if (is_accepted !== accepted) markIrregular(pass);
}

/** The row leaves out an empty one, which nobody sends. */
function copyError(pass: Pass, length_max: number): void {
  write(pass, ATTEMPT_KEYS.error);
  const start = pass.out;
  copyText(pass, length_max);
  if (pass.out - start === EMPTY_TEXT.length) markIrregular(pass);
}

function copySpanId(pass: Pass, rule: NameRule): void {
  write(pass, ATTEMPT_KEYS.span_id);
  copyName(pass, rule);
  writeByte(pass, QUOTE);
}
