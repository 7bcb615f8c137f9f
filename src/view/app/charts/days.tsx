import { scaleBand, scaleLinear } from "d3-scale";
import type { Day } from "../../api.js";
import { count, dayText } from "../text/format.js";

/** Which sessions a column has, from its bottom. */
const STACK = [
  ["first_shot", "first attempt"],
  ["retried", "after a retry"],
  ["exhausted", "exhausted"],
  ["infra_errors", "infra error"],
] as const;

const HEIGHT = 78;
const [LEFT, TOP, RIGHT, BOTTOM] = [30, 13, 2, 17];
/** Room for a date below the columns. */
const TICK_WIDTH = 64;
/** More days than this become weeks. */
const COLUMNS_MAX = 190;

interface DaysProps {
  readonly days: readonly Day[];
  /** In pixels. */
  readonly width: number;
  /** The first and the last day that are being chosen. */
  readonly picked?: readonly [string, string] | undefined;
  /** The day below the pointer. */
  readonly at?: string | undefined;
}

/** A column a day (a week, when there are too many) by outcome; ▼ where a fill is not grounded or unchecked. */
export function DayColumns({ days, width, picked, at }: DaysProps) {
  const columns = spans(days);
  const x = dayScale(columns, width);
  const most = Math.max(1, ...columns.map(({ sessions }) => sessions));
  const y = scaleLinear([0, most], [HEIGHT - BOTTOM, TOP]).nice(3);
  const mondays = columns.filter(({ day }) => new Date(day).getUTCDay() === 1);
  const every = Math.max(1, Math.ceil((mondays.length * TICK_WIDTH) / width));
  const [first, last] = picked === undefined ? [] : [...picked].sort();
  const from = first === undefined ? undefined : x(first);
  const to = last === undefined ? undefined : x(last);
  return (
    <svg viewBox={`0 0 ${width} ${HEIGHT}`} height={HEIGHT} role="img">
      <title>{`Sessions by day and outcome: ${columns.length} columns, at most ${count(most)} sessions`}</title>
      {from !== undefined && to !== undefined && (
        <rect class="picked" x={from} y={0} width={to - from + x.bandwidth()} height={HEIGHT - BOTTOM} />
      )}
      {y.ticks(2).map((tick) => (
        <g key={tick}>
          <line class="grid" x1={LEFT} x2={width} y1={y(tick)} y2={y(tick)} />
          <text class="tick end" x={LEFT - 6} y={y(tick) + 3.5}>
            {tick >= 1000 ? `${tick / 1000}k` : tick}
          </text>
        </g>
      ))}
      {mondays
        .filter((_, index) => index % every === 0)
        .map(({ day }) => (
          <text key={day} class="tick" x={Math.min(x(day) ?? 0, width - TICK_WIDTH / 2)} y={HEIGHT - 4}>
            {dayText(day)}
          </text>
        ))}
      {columns.map((column) => {
        const left = x(column.day) ?? 0;
        const alarms = column.ungrounded + column.unchecked;
        return (
          <g key={column.day} class={column.day === at ? "day on" : "day"}>
            <rect class="hit" x={left} y={0} width={x.step()} height={HEIGHT - BOTTOM} />
            {stack(column).map(({ name, from, to }) => (
              <rect
                key={name}
                class={name}
                x={left}
                width={x.bandwidth()}
                y={y(to)}
                height={Math.max(0.8, y(from) - y(to))}
              />
            ))}
            {alarms > 0 && (
              <path class="alarm" d={`M${left + x.bandwidth() / 2 - 5},${y(column.sessions) - 12}h10l-5,8z`}>
                <title>{`${dayText(column.day)}: ${count(alarms)} not grounded or unchecked`}</title>
              </path>
            )}
          </g>
        );
      })}
    </svg>
  );
}

/** Which day is at a place of the drawing; undefined beside all. */
export function dayAt(days: readonly Day[], width: number, left: number): string | undefined {
  const columns = spans(days);
  const x = dayScale(columns, width);
  return columns.find(({ day }) => left >= (x(day) ?? 0) && left < (x(day) ?? 0) + x.step())?.day;
}

/** `26 Oct: 66 sessions, 49 first attempt, …` */
export function dayWords(days: readonly Day[], day: string): string {
  const column = spans(days).find((each) => each.day === day);
  if (column === undefined) return "";
  const parts = STACK.map(([name, words]) => `${count(outcome(column, name))} ${words}`);
  return `${dayText(day)}: ${count(column.sessions)} sessions, ${parts.join(", ")}`;
}

/** What the colours mean. */
export function DayLegend() {
  return (
    <p class="legend">
      {STACK.map(([name, words]) => (
        <span key={name}>
          <i class={name} />
          {words}
        </span>
      ))}
      <span>
        <i class="alarm" />
        not grounded or unchecked
      </span>
    </p>
  );
}

type Name = (typeof STACK)[number][0];

const outcome = (day: Day, name: Name): number => (name === "retried" ? day.accepted - day.first_shot : day[name]);

function stack(day: Day): readonly { readonly name: Name; readonly from: number; readonly to: number }[] {
  let base = 0;
  return STACK.map(([name]) => {
    const from = base;
    base += outcome(day, name);
    return { name, from, to: base };
  }).filter(({ from, to }) => to > from);
}

const dayScale = (columns: readonly Day[], width: number) =>
  scaleBand(
    columns.map(({ day }) => day),
    [LEFT, width - RIGHT],
  ).paddingInner(0.18);

const DAY_MS = 86_400_000;
const EMPTY = {
  sessions: 0,
  answered: 0,
  first_shot: 0,
  accepted: 0,
  exhausted: 0,
  infra_errors: 0,
  accepted_fills: 0,
  ungrounded: 0,
  unchecked: 0,
};

/** Every day from the first to the last, also those without sessions; or every week. */
function spans(days: readonly Day[]): readonly Day[] {
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return [];
  const total = (Date.parse(last.day) - Date.parse(first.day)) / DAY_MS + 1;
  const length = total > COLUMNS_MAX ? 7 : 1;
  const start = length === 1 ? Date.parse(first.day) : mondayOf(first.day);
  const columns = new Map<string, Day>();
  for (let at = start; at <= Date.parse(last.day); at += length * DAY_MS) {
    const day = new Date(at).toISOString().slice(0, 10);
    columns.set(day, { day, ...EMPTY });
  }
  for (const day of days) {
    const key = length === 1 ? day.day : new Date(mondayOf(day.day)).toISOString().slice(0, 10);
    const sum = { ...(columns.get(key) ?? { ...EMPTY, day: key }) };
    for (const name of COUNTS) sum[name] += day[name];
    columns.set(key, sum);
  }
  return [...columns.values()];
}

const COUNTS = [
  "sessions",
  "answered",
  "first_shot",
  "accepted",
  "exhausted",
  "infra_errors",
  "accepted_fills",
  "ungrounded",
  "unchecked",
] as const;

const mondayOf = (day: string): number => Date.parse(day) - ((new Date(day).getUTCDay() + 6) % 7) * DAY_MS;
