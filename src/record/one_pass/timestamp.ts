/** google.protobuf.Timestamp → RFC 3339, as printTimestamp prints it. */

import { TIMESTAMP_FIELDS as TIMESTAMP } from "@sessionlog/protocol/gen/fields";
import { printTimestamp, type Timestamp } from "@sessionlog/protocol/timestamp";
import {
  enterMessage,
  leaveMessage,
  literal,
  markIrregular,
  type Pass,
  readNumber,
  take,
  write,
  writeByte,
  writeDigits,
} from "./pass.js";

const SECONDS_PER_DAY = 86_400;
const NANOS_MAX = 999_999_999;
/** 9999-12-31T23:59:59Z */
export const SECONDS_MAX = 253_402_300_799;
const COLON = 0x3a;
const DOT = 0x2e;
const LETTER_Z = 0x5a;

/** The day printed last, with a T: most rows are of one day. */
let known_day = Number.NaN;
let known_date = literal("");

export function readTimestamp(pass: Pass): Timestamp {
  const outer_end = enterMessage(pass);
  const seconds = take(pass, TIMESTAMP.seconds.tag) ? readNumber(pass) : 0;
  const nanos = take(pass, TIMESTAMP.nanos.tag) ? readNumber(pass) : 0;
  leaveMessage(pass, outer_end);
  return { seconds, nanos };
}

/** Writes a time from 1970 to 9999, without quotes; others are irregular. */
export function writeTimestamp(pass: Pass, { seconds, nanos }: Timestamp): void {
  if (!(seconds >= 0 && seconds <= SECONDS_MAX && nanos >= 0 && nanos <= NANOS_MAX)) {
    markIrregular(pass);
    return;
  }
  const day = Math.floor(seconds / SECONDS_PER_DAY);
  if (day !== known_day) learnDate(day);
  write(pass, known_date);
  writeTime(pass, seconds - day * SECONDS_PER_DAY);
  if (nanos > 0) writeFraction(pass, nanos);
  writeByte(pass, LETTER_Z);
}

function learnDate(day: number): void {
  const midnight = printTimestamp({ seconds: day * SECONDS_PER_DAY, nanos: 0 });
  known_date = literal(midnight.slice(0, -"00:00:00Z".length));
  known_day = day;
}

function writeTime(pass: Pass, second_of_day: number): void {
  const minute_of_day = (second_of_day / 60) | 0;
  const hour = (minute_of_day / 60) | 0;
  writeDigits(pass, hour, 2);
  writeByte(pass, COLON);
  writeDigits(pass, minute_of_day - hour * 60, 2);
  writeByte(pass, COLON);
  writeDigits(pass, second_of_day - minute_of_day * 60, 2);
}

/** Without trailing zeros. */
function writeFraction(pass: Pass, nanos: number): void {
  let digits = 9;
  let rest = nanos;
  for (; rest % 10 === 0; digits--) rest /= 10;
  writeByte(pass, DOT);
  writeDigits(pass, rest, digits);
}
