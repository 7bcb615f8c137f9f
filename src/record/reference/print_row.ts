import { quoteText } from "@sessionlog/protocol/text";
import type { RowAttempt, RowFields } from "./normalise.js";

/**
 * Prints a row that was checked: one line of JSON, keys in the row's order, with its newline.
 *
 * Ids, daemon, verdicts, time and schema go between quotes as they are: the row's schema allows nothing
 * in them that JSON escapes.
 */
export function printRow(row: RowFields): string {
  const artifact = row.artifact === undefined ? "" : `,"artifact":${row.artifact.json}`;
  const grounded = row.grounded_in_roster === undefined ? "" : `,"grounded_in_roster":${row.grounded_in_roster}`;
  return (
    `{"schema":"${row.schema}","session_id":"${row.session_id}","timestamp":"${row.timestamp}",` +
    `"daemon":"${row.daemon}","kind":${quoteText(row.kind)},"model":${quoteText(row.model)},` +
    `"provider":${quoteText(row.provider)},"prompt":${quoteText(row.prompt)},"iterations":${row.iterations},` +
    `"max_iterations":${row.max_iterations},"final_verdict":"${row.final_verdict}","attempts":[${printAttempts(row.attempts)}]` +
    `${artifact}${grounded},"duration_ms":${row.duration_ms}}\n`
  );
}

function printAttempts(attempts: readonly RowAttempt[]): string {
  let text = "";
  for (const attempt of attempts) text += text === "" ? printAttempt(attempt) : `,${printAttempt(attempt)}`;
  return text;
}

function printAttempt(attempt: RowAttempt): string {
  const error = attempt.error === undefined ? "" : `,"error":${quoteText(attempt.error)}`;
  const span_id = attempt.span_id === undefined ? "" : `,"span_id":"${attempt.span_id}"`;
  return `{"iteration":${attempt.iteration},"verdict_kind":"${attempt.verdict_kind}"${error}${span_id}}`;
}
