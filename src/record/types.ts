import type { Timestamp } from "@sessionlog/protocol/timestamp";
import type { RefusedRecord } from "@sessionlog/protocol/violation";

/** What is put where a record leaves a field empty. What a call gave is forgotten when the record is then refused. */
export interface Stamps {
  /** Called only when the record has no session_id, at most twice. */
  session_id(): string;
  /** Empty when there is none: a record without daemon is then refused. */
  readonly daemon: string;
  /** Called only when the record has no timestamp, at most twice. */
  timestamp(): Timestamp;
}

/** A record that may be stored. */
export interface AcceptedRecord {
  readonly ok: true;
  /** The row: one line of UTF-8 JSON with its newline. */
  readonly row: Buffer;
  readonly session_id: string;
  readonly timestamp: Timestamp;
  readonly daemon: string;
  readonly kind: string;
  readonly final_verdict: string;
  /** An accepted fill that names somebody who is not on the roster. */
  readonly ungrounded: boolean;
  /** An accepted fill of which nobody said whether it is grounded in the roster. */
  readonly unchecked: boolean;
}

/** Protobuf bytes of a SessionRecord → its row, or why it has none. Never throws, whatever the bytes. */
export type RecordToRow = (bytes: Uint8Array, stamps: Stamps) => AcceptedRecord | RefusedRecord;

/** What a row says that is told beside it. */
export interface RowFacts extends Pick<AcceptedRecord, "session_id" | "daemon" | "kind" | "final_verdict"> {
  readonly grounded_in_roster?: boolean | undefined;
}

export function acceptRecord(row: Buffer, timestamp: Timestamp, facts: RowFacts): AcceptedRecord {
  const { session_id, daemon, kind, final_verdict, grounded_in_roster } = facts;
  const accepted_fill = kind === "fill" && final_verdict === "accepted";
  return {
    ok: true,
    row,
    session_id,
    timestamp,
    daemon,
    kind,
    final_verdict,
    ungrounded: accepted_fill && grounded_in_roster === false,
    unchecked: accepted_fill && grounded_in_roster === undefined,
  };
}
