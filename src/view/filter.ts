import { parseTime, TIME_EXPECTED } from "../config/time.js";
import { filterCondition, literal, type SessionFilter } from "../query/index.js";
import type { NameFilter } from "./answers/cube.js";
import { LETTERS_SQL } from "./answers/session_lines.js";
import type { Filters } from "./api.js";

/** What a request asks for; see Filters. */
export interface ViewFilter {
  readonly since_ms: number | undefined;
  readonly until_ms: number | undefined;
  readonly names: NameFilter;
  readonly alarm: Filters["alarm"];
  readonly pattern: string | undefined;
  readonly reason: string | undefined;
  readonly find: string | undefined;
}

/** A parameter of a request that cannot be used. The message is one line that names it. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";
}

const TEXT_CHARACTERS_MAX = 1_000;
const NAMES_MAX = 50;
const PATTERN = /^[vnai?]{1,40}$/;
const NAMES = ["kind", "model", "daemon", "provider", "verdict"] as const;
const OTHERS = ["since", "until", "alarm", "pattern", "reason", "find", "tab"] as const;
const ALARMS = ["any", "ungrounded", "unchecked"] as const;

/**
 * Reads the filters of a request.
 *
 * @param own names of further parameters, of the route
 * @throws BadRequest
 */
export function parseFilter(query: URLSearchParams, own: readonly string[], now_ms: number): ViewFilter {
  const known: readonly string[] = [...NAMES, ...OTHERS, ...own];
  for (const [name, value] of query) {
    if (!known.includes(name)) throw new BadRequest(`there is no parameter ${shown(name)}`);
    if (value.length > TEXT_CHARACTERS_MAX) {
      throw new BadRequest(`${name}: has ${value.length} characters, at most ${TEXT_CHARACTERS_MAX} are possible`);
    }
  }
  const since_ms = parseMoment(query, "since", now_ms);
  const until_ms = parseMoment(query, "until", now_ms);
  if (since_ms !== undefined && until_ms !== undefined && since_ms >= until_ms) {
    throw new BadRequest("since: must be before until");
  }
  const alarm_text = one(query, "alarm");
  const alarm = ALARMS.find((each) => each === alarm_text);
  if (alarm_text !== undefined && alarm === undefined) throw new BadRequest(`alarm: expected ${ALARMS.join(", ")}`);
  const pattern = one(query, "pattern");
  if (pattern !== undefined && !PATTERN.test(pattern)) {
    throw new BadRequest("pattern: expected 1 to 40 of the letters v, n, a, i, ?");
  }
  const names = Object.fromEntries(NAMES.map((name) => [name, query.getAll(name)]));
  const { kind = [], model = [], daemon = [], provider = [], verdict = [] } = names;
  for (const [name, values] of Object.entries(names)) {
    if (values.length > NAMES_MAX) throw new BadRequest(`${name}: at most ${NAMES_MAX} are possible`);
  }
  return {
    since_ms,
    until_ms,
    names: { kind, model, daemon, provider, verdict },
    alarm,
    pattern,
    reason: one(query, "reason"),
    find: one(query, "find"),
  };
}

/** A whole number of a request; undefined when it is not there. Throws BadRequest. */
export function parseWhole(query: URLSearchParams, name: string, min: number, max: number): number | undefined {
  const text = one(query, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new BadRequest(`${name}: expected a whole number from ${min} to ${max}`);
  return value;
}

/** A parameter that may be there once; an empty one is not there. Throws BadRequest. */
export function one(query: URLSearchParams, name: string): string | undefined {
  const [value, ...others] = query.getAll(name);
  if (others.length > 0) throw new BadRequest(`${name}: is there more than once`);
  return value === "" ? undefined : value;
}

function parseMoment(query: URLSearchParams, name: string, now_ms: number): number | undefined {
  const text = one(query, name);
  if (text === undefined) return undefined;
  const time = parseTime(text, now_ms);
  if (time === undefined) throw new BadRequest(`${name}: expected ${TIME_EXPECTED}`);
  return time;
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 40));

/** The filter of the questions on the command line, of which it is a part. */
export function toSessionFilter({ since_ms, until_ms, names }: ViewFilter): SessionFilter {
  return {
    since_ms,
    until_ms,
    kinds: names.kind,
    daemons: names.daemon,
    models: names.model,
    providers: names.provider,
    verdicts: names.verdict,
  };
}

/** Those that the command line does not have. */
export function hasOwnParts({ alarm, pattern, reason, find }: ViewFilter): boolean {
  return [alarm, pattern, reason, find].some((part) => part !== undefined);
}

const FILL = "kind = 'fill' AND final_verdict = 'accepted'";
const ALARM_CONDITIONS = {
  any: `${FILL} AND grounded_in_roster IS NOT TRUE`,
  ungrounded: `${FILL} AND NOT grounded_in_roster`,
  unchecked: `${FILL} AND grounded_in_roster IS NULL`,
};

/**
 * The filter as a condition on the view `stored`.
 *
 * @param found the table of the sequences that have the filter's reason and text; undefined when it asks for neither
 */
export function viewCondition(filter: ViewFilter, found: string | undefined): string {
  const { alarm, pattern } = filter;
  const conditions = [
    filterCondition(toSessionFilter(filter)),
    alarm && ALARM_CONDITIONS[alarm],
    pattern && `contains(${LETTERS_SQL}, ${literal(pattern)})`,
    found && `sequence IN (SELECT sequence FROM ${found})`,
  ].filter((condition) => condition !== undefined);
  return conditions.length === 0 ? "true" : conditions.map((condition) => `(${condition})`).join(" AND ");
}
