/** The part of grpc.health.v1 that `sessionlog health` needs: https://github.com/grpc/grpc/blob/master/doc/health-checking.md */
import { createCursor, readInt32, readTag, skipField } from "./wire/reader.js";

export const HEALTH_CHECK = "/grpc.health.v1.Health/Check";
/** HealthCheckRequest of the server as a whole. */
export const HEALTH_CHECK_REQUEST = new Uint8Array();

/** HealthCheckResponse.status: a varint. */
const STATUS_TAG = 0x08;
const STATUSES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;

/** The status in a HealthCheckResponse; UNKNOWN for bytes that are none. */
export function readHealthStatus(reply: Uint8Array): (typeof STATUSES)[number] {
  const cursor = createCursor(reply);
  let status = 0;
  while (cursor.at < cursor.end) {
    const tag = readTag(cursor);
    if (tag === STATUS_TAG) status = readInt32(cursor);
    else skipField(cursor, tag);
  }
  return cursor.fault === "" ? (STATUSES[status] ?? "UNKNOWN") : "UNKNOWN";
}
