import { createOnePass } from "./one_pass/encode_record.js";
import { createReference } from "./reference/by_reference.js";
import type { RecordToRow } from "./types.js";

/**
 * Makes the only function from protobuf bytes to a row: in one pass when the record is regular, else by the reference path,
 * which gives the same row, and alone refuses. Pure but for the stamps.
 *
 * `kinds` are the values that field kind may have, at least one; undefined lets it be any text, by the reference path alone.
 * Throws when there is none, and when the schema has a pattern that one pass cannot check.
 */
export function createRecordToRow({ kinds }: { readonly kinds: readonly string[] | undefined }): RecordToRow {
  const byReference = createReference(kinds);
  if (kinds === undefined) return byReference;
  const inOnePass = createOnePass(kinds);
  return (bytes, stamps) => inOnePass(bytes, stamps) ?? byReference(bytes, stamps);
}
