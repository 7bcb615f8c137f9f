/**
 * Protobuf bytes → record → violations or row. Pure: no I/O, no clock and no randomness but the stamps given.
 *
 * This is the only file of the folder that others import.
 */
export { recordJsonToBytes } from "./protojson.js";
export { createRecordToRow } from "./record_to_row.js";
export { isSessionId, isSessionRow } from "./schema.js";
export type {
  AcceptedRecord,
  Reason,
  RecordToRow,
  RefusedRecord,
  Stamps,
  Timestamp,
  Violation,
} from "./types.js";
