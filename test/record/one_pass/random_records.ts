/** Records as protobuf bytes at random: most are regular or nearly so, and every rule is broken by some. */
import {
  SESSION_ATTEMPT_FIELDS as ATTEMPT,
  SESSION_RECORD_FIELDS as RECORD,
  TIMESTAMP_FIELDS as TIMESTAMP,
} from "@sessionlog/protocol/gen/fields";
import type { Random } from "../../support/random.js";
import { createRandomValues, field } from "./random_values.js";

export interface RandomRecords {
  record(): Buffer;
  /** Some bytes changed, put in or taken out. */
  mutated(bytes: Buffer): Buffer;
}

export interface RecordLimits {
  readonly prompt_length_max: number;
  readonly error_length_max: number;
  readonly attempts_max: number;
  readonly artifact_depth_max: number;
}

const VERDICTS = ["no_json", "validation_failed", "infra_error"];

export function createRandomRecords(random: Random, kinds: readonly string[], limits: RecordLimits): RandomRecords {
  const { below, chance } = random;
  const { one, text, name, object, deepObject } = createRandomValues(random);
  /** Now and then about as long as it may be, or longer. */
  function longText(length_max: number): Buffer {
    const length = chance(0.02) ? length_max - 3 + below(6) : chance(0.02) ? length_max + below(length_max) : 0;
    if (length <= 0) return text(60);
    const letter = one(["x", "é", "漢", "🛠", '"']);
    const wide = chance(0.5) ? length : length >> 1;
    return Buffer.from(letter.repeat(wide) + "y".repeat(length - wide));
  }

  const word = (words: readonly string[]) => (chance(0.98) ? Buffer.from(one(words)) : text(12));

  function timestamp(): Buffer {
    const parts: Buffer[] = [];
    const seconds = chance(0.9)
      ? 1_777_699_329 + below(1e6)
      : one([0, 253_402_300_799, 253_402_300_800, -below(1e9), below(2 ** 31) * 120, 1_234_567_890 * 86_400, 2 ** 53]);
    if (seconds !== 0 || chance(0.1)) parts.push(field(TIMESTAMP.seconds.tag, BigInt(seconds)));
    const nanos = one([() => below(1e9), () => below(1000) * 1e6, () => 0, () => (chance(0.1) ? 1e9 : 999_999_999)])();
    if (nanos !== 0) parts.push(field(TIMESTAMP.nanos.tag, nanos));
    if (chance(0.01)) parts.reverse();
    return Buffer.concat(parts);
  }

  function attempts(accepted: boolean): Buffer[] {
    const many = chance(0.003);
    const count = many ? limits.attempts_max - 2 + below(5) : below(4);
    let iteration = 0;
    return Array.from({ length: count }, (_, index) => {
      const parts: Buffer[] = [];
      if (iteration > 0 || chance(0.1)) parts.push(field(ATTEMPT.iteration.tag, iteration));
      iteration = Math.max(0, iteration + (chance(0.995) ? 1 + below(2) : -1));
      const right = accepted && index === count - 1 ? ["accepted"] : VERDICTS;
      parts.push(field(ATTEMPT.verdict_kind.tag, word(chance(0.995) ? right : ["accepted", "no_json"])));
      if (chance(0.5)) parts.push(field(ATTEMPT.error.tag, many ? text(8) : longText(limits.error_length_max)));
      if (chance(0.4)) parts.push(field(ATTEMPT.span_id.tag, name(16)));
      if (chance(0.005)) parts.reverse();
      if (chance(0.005)) parts.push(field(7 << 3, 1));
      return field(RECORD.attempts.tag, Buffer.concat(parts));
    });
  }

  /** What a record has of each field: nothing, the field, or it several times. */
  function fields(verdict: string): Record<keyof typeof RECORD, readonly Buffer[]> {
    const accepted = verdict === "accepted";
    const sometimes = (probability: number, make: () => Buffer) => (chance(probability) ? [make()] : []);
    const only = accepted ? 0.75 : 0.03;
    return {
      schema: sometimes(0.9, () => field(RECORD.schema.tag, `session.iterate.v${chance(0.99) ? 1 : 2}`)),
      session_id: sometimes(0.95, () => field(RECORD.session_id.tag, name(chance(0.98) ? 40 : 200))),
      timestamp: sometimes(0.95, () => field(RECORD.timestamp.tag, timestamp())),
      daemon: sometimes(0.95, () =>
        field(RECORD.daemon.tag, chance(0.98) ? one(["validatord", "d-1", "x.y_z"]) : name(90)),
      ),
      kind: sometimes(0.99, () => field(RECORD.kind.tag, word(kinds))),
      model: sometimes(0.9, () => field(RECORD.model.tag, chance(0.9) ? name(20) : text(chance(0.1) ? 300 : 20))),
      provider: sometimes(0.9, () => field(RECORD.provider.tag, chance(0.95) ? name(20) : text(20))),
      prompt: sometimes(0.95, () => field(RECORD.prompt.tag, longText(limits.prompt_length_max))),
      iterations: sometimes(0.9, () =>
        field(RECORD.iterations.tag, chance(0.97) ? below(4) : one([1000, 1001, -1, 2 ** 32 + 5, 5000])),
      ),
      max_iterations: sometimes(0.9, () =>
        field(RECORD.max_iterations.tag, chance(0.97) ? 3 + below(3) : one([0, 1000, 1001, -1])),
      ),
      final_verdict: [field(RECORD.final_verdict.tag, chance(0.99) ? verdict : text(10))],
      attempts: attempts(accepted),
      artifact: sometimes(only, () =>
        field(RECORD.artifact.tag, chance(0.03) ? deepObject(limits.artifact_depth_max) : object(4)),
      ),
      grounded_in_roster: sometimes(only, () =>
        field(RECORD.grounded_in_roster.tag, chance(0.98) ? below(2) : one([7, 2 ** 40])),
      ),
      duration_ms: sometimes(0.95, () =>
        field(
          RECORD.duration_ms.tag,
          chance(0.9) ? below(100_000) : one([2 ** 53 - 1, 2n ** 53n, -1, 1e9, 999_999_999, 0, 2 ** 40]),
        ),
      ),
    };
  }

  return {
    record() {
      const verdict = chance(0.6) ? "accepted" : one(["max_iter_exhausted", "infra_error"]);
      const parts = Object.values(fields(verdict)).flat();
      if (chance(0.02)) parts.splice(below(parts.length), 0, one(parts));
      if (chance(0.02)) {
        const odd = [field(16 << 3, 3), field((99 << 3) | 2, "x"), field(1 << 3, 1), Buffer.from([0x8a, 0x00])];
        parts.splice(below(parts.length + 1), 0, one(odd));
      }
      return Buffer.concat(parts);
    },
    mutated(bytes) {
      if (bytes.length === 0) return bytes;
      const changed = Buffer.from(bytes);
      for (let count = 1 + below(3); count > 0; count--) {
        const at = below(changed.length);
        changed[at] = chance(0.5) ? below(256) : (changed[at] ?? 0) ^ (1 << below(8));
      }
      if (!chance(0.2)) return changed;
      const at = below(changed.length);
      const put = Buffer.from(Array.from({ length: below(4) }, () => below(256)));
      return Buffer.concat([changed.subarray(0, at), put, changed.subarray(at + below(4))]);
    },
  };
}
