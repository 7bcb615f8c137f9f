// Distinct records whose rows all have the same size, as bodies of gRPC calls.
import { encodeAppendRequest } from "@sessionlog/client/rpc/requests";
import { createRecordToRow, recordJsonToBytes } from "../../dist/record/index.js";
import { rowOf } from "../../examples/generator/row.mjs";

const templates = 512;
const counterDigits = 12;
const recordToRow = createRecordToRow({ kinds: ["fill"] });
const stamps = { session_id: () => "", daemon: "", timestamp: () => ({ seconds: 0, nanos: 0 }) };
const hexDigits = Buffer.from("0123456789abcdef");

/**
 * @param {number} row_bytes
 * @param {string} run  up to 20 hex digits that begin each session_id
 * @returns {(count: number) => Buffer} the next body: one length-prefixed message with so many records. A request of one
 *   record and a batch look alike on the wire: field 1, once or repeated.
 */
export function createBodies(row_bytes, run) {
  const sessionId = run.padEnd(20, "0") + "0".repeat(counterDigits);
  const parts = Array.from({ length: templates }, (_, index) => {
    const bytes = encodeAppendRequest(fittedRecord(sessionId, index, row_bytes), false);
    return { bytes, counterAt: bytes.indexOf(sessionId) + 20 };
  });
  let next = 0;

  return (count) => {
    const chosen = Array.from({ length: count }, (_, index) => parts[(next + index) % templates]);
    const length = chosen.reduce((sum, part) => sum + part.bytes.length, 0);
    const body = Buffer.allocUnsafe(5 + length);
    body[0] = 0;
    body.writeUInt32BE(length, 1);
    let at = 5;
    for (const { bytes, counterAt } of chosen) {
      bytes.copy(body, at);
      writeCounter(body, at + counterAt, next);
      at += bytes.length;
      next += 1;
    }
    return body;
  };
}

function writeCounter(body, at, number) {
  let rest = number;
  for (let digit = counterDigits - 1; digit >= 0; digit -= 1) {
    body[at + digit] = hexDigits[rest & 15];
    rest >>>= 4;
  }
}

/** A record's protobuf bytes, its prompt as long as the row is to be. */
function fittedRecord(sessionId, index, row_bytes) {
  const missing = row_bytes - printedRow(sessionId, index, "").length;
  if (missing < 0) throw new Error(`a row of ${row_bytes} bytes is too small`);
  return recordBytes(sessionId, index, "night shift ".repeat(Math.ceil(missing / 12)).slice(0, missing));
}

function printedRow(sessionId, index, filler) {
  const result = recordToRow(recordBytes(sessionId, index, filler), stamps);
  if (!result.ok) throw new Error(`the benchmark's record is refused: ${JSON.stringify(result.violations)}`);
  return result.row;
}

function recordBytes(sessionId, index, filler) {
  const worker = `W-${1000 + index}`;
  const result = recordJsonToBytes(
    rowOf({
      session_id: sessionId,
      timestamp: `2026-05-02T05:22:09.${String(100_000_000 + index * 7919)}Z`,
      daemon: "validatord",
      kind: "fill",
      model: "qwen3:8b",
      provider: "ollama",
      prompt: `Fill ${1 + (index % 4)} slots at "Dock ${index}".\nPrefer people who "worked there" last week.\n\n${filler}`,
      max_iterations: 3,
      final_verdict: "accepted",
      attempts: [
        {
          iteration: 0,
          verdict_kind: "validation_failed",
          error: `fills[0].candidate_id "W-9${index}" is not\non the roster`,
        },
        { iteration: 1, verdict_kind: "accepted", span_id: "00f067aa0ba902b7" },
      ],
      artifact: { fills: [{ candidate_id: worker, name: 'Ana "Fox" Ruiz' }], note: `first line\nsecond of ${index}` },
      grounded_in_roster: true,
      duration_ms: 1000 + index,
    }),
  );
  if (!result.ok) throw new Error(`the benchmark's record is refused: ${JSON.stringify(result.violations)}`);
  return result.bytes;
}
