/** A point in time as google.protobuf.Timestamp has it: seconds since 1970, and nanoseconds after that second. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanos: number;
}

const SECONDS_PER_DAY = 86_400;
const NANOS_PER_SECOND = 1_000_000_000;
/** Date, time, fraction, offset: what ProtoJSON takes for a Timestamp, capital letters only. */
const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/**
 * Prints RFC 3339 in UTC with up to nine digits of fraction, none of them a trailing zero (as Go's RFC3339Nano).
 *
 * What protobuf's Timestamp does not allow is printed so that the row's schema refuses it: a year that has not four digits
 * or is 0000, a fraction of more than nine digits or with a sign.
 */
export function printTimestamp(timestamp: Timestamp): string {
  const days = Math.floor(timestamp.seconds / SECONDS_PER_DAY);
  const second = timestamp.seconds - days * SECONDS_PER_DAY;
  const hours = Math.floor(second / 3600);
  const minutes = Math.floor((second % 3600) / 60);
  const time = `${two(hours)}:${two(minutes)}:${two(second % 60)}`;
  return `${printDate(days)}T${time}${printFraction(timestamp.nanos)}Z`;
}

let last_days = 0;
let last_date = "1970-01-01";

/** Days since 1970 → `YYYY-MM-DD`. Date prints slowly and most records are of one day, so the last one is kept. */
function printDate(days: number): string {
  if (days !== last_days) {
    const date = new Date(days * SECONDS_PER_DAY * 1000);
    last_date = Number.isNaN(date.getTime()) ? `${days}` : date.toISOString().slice(0, -"T00:00:00.000Z".length);
    last_days = days;
  }
  return last_date;
}

function printFraction(nanos: number): string {
  if (nanos === 0) return "";
  if (nanos < 0 || nanos >= NANOS_PER_SECOND) return `.${nanos}`.padEnd(11, "0");
  let digits = 9;
  let rest = nanos;
  while (rest % 10 === 0) {
    rest /= 10;
    digits--;
  }
  return `.${String(rest).padStart(digits, "0")}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/**
 * Reads RFC 3339 with any offset and up to nine digits of fraction. Undefined when it is not such a time. The result may
 * be outside of the years 0001 to 9999.
 */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hours, minutes, seconds, fraction = "", sign, offset_hours = "0", offset_minutes = "0"] =
    match;
  const midnight = midnightOf(Number(year), Number(month), Number(day));
  if (midnight === undefined) return undefined;
  const offset = (Number(offset_hours) * 60 + Number(offset_minutes)) * 60 * (sign === "-" ? -1 : 1);
  const time = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return { seconds: midnight + time - offset, nanos: Number(fraction.padEnd(9, "0")) };
}

/** Seconds since 1970 at which a day begins in UTC; undefined when the calendar has no such day. */
function midnightOf(year: number, month: number, day: number): number | undefined {
  // Date.UTC takes years below 100 for those of the 20th century, and lets days run over into the next month.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() / 1000;
}
