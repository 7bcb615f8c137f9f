/**
 * The rules that compare fields.
 *
 * They are applied only between values that are valid by themselves, and name the field to change.
 */

import type { Violation } from "./violation.js";

/** The fields that are compared; what is undefined is left out of the row. */
export interface ComparedFields {
  readonly iterations: number;
  readonly max_iterations: number;
  readonly final_verdict: string;
  readonly attempts: readonly { readonly iteration: number; readonly verdict_kind: string }[];
  readonly artifact?: object | undefined;
  readonly grounded_in_roster?: boolean | undefined;
}

/** The fields of a row that contradict others. `bad` contains the fields that are invalid by themselves. */
export function checkAcrossFields(row: ComparedFields, bad: Pick<ReadonlySet<string>, "has" | "size">): Violation[] {
  const isGood = (field: string) => bad.size === 0 || !bad.has(field);
  const violations: Violation[] = [];
  const report = (field: string, description: string) => {
    violations.push({ field, description, reason: "INCONSISTENT" });
  };

  const { iterations, max_iterations, final_verdict, attempts } = row;
  if (iterations > max_iterations && max_iterations !== 0) {
    if (isGood("record.iterations") && isGood("record.max_iterations")) {
      report("record.iterations", `expected at most max_iterations, ${max_iterations}, found ${iterations}`);
    }
  }

  const accepted = final_verdict === "accepted";
  const verdict_known = isGood("record.final_verdict");
  if (verdict_known && !accepted) {
    const only = `allowed only with final_verdict accepted, found ${final_verdict}`;
    if (row.artifact !== undefined && isGood("record.artifact")) report("record.artifact", only);
    if (row.grounded_in_roster !== undefined) report("record.grounded_in_roster", only);
  }

  if (!isGood("record.attempts")) return violations;
  let before = -1;
  for (const [index, { iteration, verdict_kind }] of attempts.entries()) {
    const field = `record.attempts[${index}]`;
    if (isGood(`${field}.iteration`)) {
      if (iteration <= before) report(`${field}.iteration`, `expected above ${before}, found ${iteration}`);
      before = iteration;
    }
    if (!verdict_known || !isGood(`${field}.verdict_kind`)) continue;
    const last = index === attempts.length - 1;
    if (verdict_kind === "accepted") {
      if (!accepted)
        report(`${field}.verdict_kind`, `no attempt may be accepted when final_verdict is ${final_verdict}`);
      else if (!last) report(`${field}.verdict_kind`, "only the last attempt may be accepted");
    } else if (accepted && last) {
      report(`${field}.verdict_kind`, "the last attempt must be accepted when final_verdict is accepted");
    }
  }
  return violations;
}
