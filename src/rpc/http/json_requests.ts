/** Requests as ProtoJSON: what append/requests.ts reads from protobuf bytes. */
import { BATCH_RECORDS_MAX } from "@sessionlog/protocol/gen/limits";
import { recordObjectToBytes } from "../../record/index.js";
import type { AppendRequest, BatchRequest, BrokenRequest, SentRecord } from "../append/requests.js";

type Body = { readonly ok: true; readonly fields: Readonly<Record<string, unknown>> };

/** `{"record": {…}, "validate_only": true}` */
export function readAppendJson(bytes: Uint8Array): AppendRequest | BrokenRequest {
  const body = readBody(bytes, { record: "record", validate_only: "validate_only", validateOnly: "validate_only" });
  if (!body.ok) return body;
  const { record, validate_only = false } = body.fields;
  if (typeof validate_only !== "boolean") return broken("validate_only: expected true or false");
  return { ok: true, record: record === undefined ? undefined : readRecord(record), validate_only };
}

/** `{"records": [{…}, …]}`, as far as one record past the maximum. */
export function readBatchJson(bytes: Uint8Array): BatchRequest | BrokenRequest {
  const body = readBody(bytes, { records: "records" });
  if (!body.ok) return body;
  const { records = [] } = body.fields;
  if (!Array.isArray(records)) return broken("records: expected a list");
  return { ok: true, records: records.slice(0, BATCH_RECORDS_MAX + 1).map(readRecord), bytes: bytes.length };
}

/** Protobuf's null is an absent field. */
function readBody(bytes: Uint8Array, names: Readonly<Record<string, string>>): Body | BrokenRequest {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The error's message would quote the text.
    return broken("the body is not JSON in UTF-8");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return broken("expected a JSON object");
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    const name = Object.hasOwn(names, key) ? names[key] : undefined;
    if (name === undefined) {
      return broken(
        `the body has a key that the request has not; it has: ${[...new Set(Object.values(names))].join(", ")}`,
      );
    }
    if (value !== null) fields[name] = value;
  }
  return { ok: true, fields };
}

function readRecord(json: unknown): SentRecord {
  const record = recordObjectToBytes(json);
  return record.ok ? record.bytes : record;
}

function broken(description: string): BrokenRequest {
  return { ok: false, description };
}
