/** Whether one pass does as the reference path does, record by record. */
import { SESSION_RECORD_FIELDS as RECORD } from "@sessionlog/protocol/gen/fields";
import { createOnePass } from "../../../src/record/one_pass/encode_record.js";
import { createReference } from "../../../src/record/reference/by_reference.js";
import type { RecordToRow, Stamps } from "../../../src/record/types.js";
import { bytesOf, goodRecord } from "../support.js";
import { field } from "./random_values.js";

export const KINDS = ["fill", "email", "playbook", 'not "plain"'];
export const reference = createReference(KINDS);
export const onePass = createOnePass(KINDS);

/** A record with everything stamped is good. */
export const allStamps: Stamps = {
  session_id: () => "stamped-1",
  daemon: "stamped.daemon",
  timestamp: () => ({ seconds: 1_777_699_329, nanos: 20 }),
};

export interface Equality {
  /** Records compared; those that the reference accepts; those of them that one pass took. */
  readonly counts: { compared: number; accepted: number; taken: number };
  /**
   * Compares one record, in memory of its own and among other bytes. Returns whether one pass took it. Throws when it
   * differs.
   */
  compare(bytes: Uint8Array, name: string): boolean;
}

/** Bytes that a pass which reads beyond its record would take for more of it. */
const BEFORE = Buffer.from('\n\u0001"\\');
const AFTER = Buffer.from([0x78, 0x05, 0x7a, 0x00, 0x80]);

export function createEquality(stamps: Stamps = allStamps): Equality {
  const counts = { compared: 0, accepted: 0, taken: 0 };

  function check(bytes: Uint8Array, name: string, wanted: ReturnType<RecordToRow>): boolean {
    const found = onePass(bytes, stamps);
    if (found === undefined) return false;
    const { row, ...facts } = found;
    const { row: wanted_row, ...wanted_facts } = wanted.ok ? wanted : { row: undefined };
    const same = wanted_row?.equals(row) && JSON.stringify(facts) === JSON.stringify(wanted_facts);
    if (same) return true;
    const expected = wanted_row ?? JSON.stringify(wanted);
    throw new Error(`${name}: expected ${expected}found ${row}of ${Buffer.from(bytes).toString("hex")}`);
  }

  return {
    counts,
    compare(bytes, name) {
      const wanted = reference(bytes, stamps);
      const alone = Buffer.from(Uint8Array.from(bytes).buffer);
      const among = Buffer.concat([BEFORE, bytes, AFTER]).subarray(BEFORE.length, -AFTER.length);
      const taken = check(alone, name, wanted);
      if (taken !== check(among, name, wanted))
        throw new Error(`${name}: what is around the record makes a difference`);
      counts.compared++;
      if (wanted.ok) counts.accepted++;
      if (taken) counts.taken++;
      return taken;
    },
  };
}

/** The fields of a message, each with its tag. Of well-formed bytes whose fields are numbers, texts and messages. */
export function fieldsOf(bytes: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at;
    const type = (bytes[at++] ?? 0) & 7;
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    if (type === 2) at += value;
    fields.push(bytes.subarray(start, at));
  }
  return fields;
}

/** A good record with the bytes of an artifact. */
export function withArtifact(entries: Buffer): Buffer {
  const others = goodRecord({ artifact: undefined, grounded_in_roster: undefined, duration_ms: 0 });
  return Buffer.concat([bytesOf(others), field(RECORD.artifact.tag, entries)]);
}
