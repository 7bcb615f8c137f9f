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
 * What protobuf's Timestamp does not allow is printed all the same, and so that the row's schema refuses it: a year that
 * has not four digits or is 0000, a fraction of more than nine digits or with a sign.
 */
export function printTimestamp(timestamp: Timestamp): string {
  const days = Math.floor(timestamp.seconds / SECONDS_PER_DAY);
  const second = timestamp.seconds - days * SECONDS_PER_DAY;
  const hours = Math.floor(second / 3600);
  const minutes = Math.floor((second % 3600) / 60);
  const time = `${two(hours)}:${two(minutes)}:${two(second % 60)}`;
  return `${printDate(days)}T${time}${printFraction(timestamp.nanos)}Z`;
}

/** Days since 1970 → `YYYY-MM-DD`; the civil calendar counted in eras of 400 years that begin in March. */
function printDate(days_since_1970: number): string {
  const days = days_since_1970 + 719_468;
  const era = Math.floor(days / 146_097);
  const day_of_era = days - era * 146_097;
  const year_of_era = Math.floor(
    (day_of_era - Math.floor(day_of_era / 1460) + Math.floor(day_of_era / 36_524) - Math.floor(day_of_era / 146_096)) /
      365,
  );
  const day_of_year = day_of_era - (365 * year_of_era + Math.floor(year_of_era / 4) - Math.floor(year_of_era / 100));
  const month_from_march = Math.floor((5 * day_of_year + 2) / 153);
  const day = day_of_year - Math.floor((153 * month_from_march + 2) / 5) + 1;
  const month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
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
 * Reads RFC 3339 with any offset and up to nine digits of fraction. Undefined when it is no such time. The result may
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
