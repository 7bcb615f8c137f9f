/**
 * Protobuf bytes → record → violations or row. Pure: no I/O, no clock and no randomness but the stamps given.
 *
 * This is the only file of the folder that others import.
 */
export { recordJsonToBytes, recordObjectToBytes } from "@sessionlog/protocol/record_from_json";
export type { Timestamp } from "@sessionlog/protocol/timestamp";
export type { Reason, RefusedRecord, Violation } from "@sessionlog/protocol/violation";
export { isOddLine, isSessionLine, type Judgement, judgeLine, type Unreadable } from "./line/judge_line.js";
export { createRecordToRow } from "./record_to_row.js";
export { isSessionId } from "./schema.js";
export type { AcceptedRecord, RecordToRow, Stamps } from "./types.js";
