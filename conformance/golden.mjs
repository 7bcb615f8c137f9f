import { readFileSync } from "node:fs";

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {string} send  the record as ProtoJSON, character by character as the file has it: -0.0 is to stay what it is
 * @property {string} [row]  what the service must write, without \n
 * @property {readonly { field: string, reason: string }[]} [violations]  what it must answer instead
 */

/** @returns {Case[]} the cases of test/golden, whose README says what they promise */
export function goldenCases() {
  return ["accept", "reject"].flatMap((name) =>
    readFileSync(new URL(`../test/golden/${name}.jsonl`, import.meta.url), "utf8")
      .trimEnd()
      .split("\n")
      .map(readCase),
  );
}

function readCase(line) {
  const { repeat, send, ...golden } = JSON.parse(line);
  // `send` stands between the name and the row or the violations; no text within it has quotes that are not escaped.
  const end = Math.max(line.lastIndexOf(', "row": "'), line.lastIndexOf(', "violations": ['));
  if (repeat === undefined) return { ...golden, send: line.slice(line.indexOf('"send": ') + 8, end) };
  // A long text stands in the file as what is repeated, and where.
  const last = repeat.path[repeat.path.length - 1];
  const holder = repeat.path.slice(0, -1).reduce((value, key) => value[key], send);
  holder[last] = repeat.text.repeat(repeat.times);
  return { ...golden, send: JSON.stringify(send) };
}

/** @returns {string} violations as text, in an order of their own, to compare and to show */
export function violationsText(violations) {
  return violations
    .map(({ field, reason }) => `${field} ${reason}`)
    .sort()
    .join("\n");
}

/** What a message shows of a row. */
export function excerpt(line = "nothing") {
  return line.length > 600 ? `${line.slice(0, 600)}…` : line;
}
