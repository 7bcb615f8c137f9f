/**
 * Protobuf bytes → record → violations or row. Pure: no I/O, no clock and no randomness but the stamps given.
 *
 * This is the only file of the folder that others import.
 */
export { recordJsonToBytes } from "./protojson.js";
export { createRecordToRow } from "./record_to_row.js";
export { isSessionId, isSessionRow } from "./schema.js";
export type { Timestamp } from "./timestamp.js";
export type { AcceptedRecord, RecordToRow, Stamps } from "./types.js";
export type { Reason, RefusedRecord, Violation } from "./violation.js";
