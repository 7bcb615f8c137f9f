import { frameHead, PING } from "../../bench/load/frames.mjs";
import { keepWriting } from "../support/http2.mjs";

const frames = Buffer.concat(
  Array.from({ length: 5_000 }, () => Buffer.concat([frameHead(8, PING, 0, 0), Buffer.alloc(8)])),
);

/** Pings, each of which is answered. */
export function connectAndAttack(address) {
  return keepWriting(address, () => frames);
}
