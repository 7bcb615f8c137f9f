import { keepCalling, message, TAIL } from "../support/http2.mjs";

/** from_sequence 1 and follow. */
const body = message(Buffer.of(0x08, 1, 0x10, 1));

/** 125 tails over the whole log, on each of eight connections: a thousand. */
export function connectAndAttack(address) {
  return keepCalling(address, {
    streams: 125,
    path: TAIL,
    send(stream) {
      stream.resume();
      stream.end(body);
    },
  });
}
