import { readFile } from "node:fs/promises";
import { recordJsonToBytes } from "../../dist/record/index.js";

/** The examples' records, to be sent under other session ids. */
const examples = (await readFile(new URL("../../examples/sessions.jsonl", import.meta.url), "utf8"))
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line));

/**
 * @typedef {object} Sendable
 * @property {string} session_id
 * @property {Uint8Array} bytes  the record as protobuf; sent again, it is a duplicate
 */

/**
 * Records that differ in their session_id, `<prefix>-0` and on; some 750 bytes a row.
 * @param {string} prefix
 * @returns {() => Sendable}
 */
export function createRecords(prefix) {
  let made = 0;
  return () => sendable({ ...examples[made % examples.length], session_id: `${prefix}-${made++}` });
}

/**
 * The same with short rows, some 250 bytes, in which characters of two to four bytes stand.
 * @param {string} prefix
 * @returns {() => Sendable}
 */
export function createShortRecords(prefix) {
  let made = 0;
  return () =>
    sendable({
      session_id: `${prefix}-${made++}`,
      timestamp: "2026-05-02T05:22:09.5Z",
      daemon: "faults",
      kind: "fill",
      prompt: "Tür 3 € 😀",
      final_verdict: "infra_error",
    });
}

function sendable(record) {
  const encoded = recordJsonToBytes(JSON.stringify(record));
  if (!encoded.ok) throw new Error(`the record is refused: ${JSON.stringify(encoded.violations)}`);
  return { session_id: record.session_id, bytes: encoded.bytes };
}
