import { checkAcrossFields } from "@sessionlog/protocol/check_across_fields";
import { ATTEMPTS_MAX, ROW_BYTES_MAX } from "@sessionlog/protocol/gen/limits";
import type { RefusedRecord, Violation } from "@sessionlog/protocol/violation";
import { acceptRecord, type RecordToRow } from "../types.js";
import { createFieldCheck } from "./check_fields.js";
import { decodeRecord } from "./decode.js";
import { normaliseRecord } from "./normalise.js";
import { printRow } from "./print_row.js";

/**
 * Makes the reference path, which takes every record and alone refuses: decode, normalise, check, print.
 *
 * `kinds` are the values that field kind may have, at least one; undefined lets it be any text. Throws when there is none.
 */
export function createReference(kinds: readonly string[] | undefined): RecordToRow {
  const checkFields = createFieldCheck(kinds);
  return (bytes, stamps) => {
    const decoded = decodeRecord(bytes, ATTEMPTS_MAX);
    if (!decoded.ok) return refuse({ field: "record", reason: "INVALID_ENCODING", description: decoded.fault });

    const timestamp = decoded.record.timestamp ?? stamps.timestamp();
    const row = normaliseRecord(decoded.record, timestamp, stamps);

    const wrong = checkFields(row);
    const inconsistent = checkAcrossFields(row, wrong);
    if (wrong.size + inconsistent.length > 0) return refuse(...wrong.values(), ...inconsistent);

    const line = Buffer.from(printRow(row));
    if (line.length > ROW_BYTES_MAX) {
      const description = `expected at most ${ROW_BYTES_MAX} bytes as a row, found ${line.length}`;
      return refuse({ field: "record", reason: "TOO_LONG", description });
    }
    return acceptRecord(line, timestamp, row);
  };
}

function refuse(...violations: Violation[]): RefusedRecord {
  return { ok: false, violations };
}
