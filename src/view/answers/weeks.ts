import type { Day, Durations, MatrixBy, MatrixRow, Week } from "../api.js";
import { type Ask, type Fields, numberOrNull, textOf } from "./ask.js";
import { type Cell, compare, countsOf, groupBy } from "./cube.js";
import { dayText, shareOf, type WeekNumbers, weekOf, weekShares } from "./shares.js";

/** The days that have sessions, ascending. */
export function daysOf(cells: readonly Cell[]): readonly Day[] {
  const days = [...groupBy(dated(cells), ({ day }) => day)];
  return days.map(([day, group]) => ({ day, ...countsOf(group) })).sort((a, b) => compare(a.day, b.day));
}

/**
 * The weeks that have sessions, ascending.
 *
 * @param durations see `readDurations`
 */
export function weeksOf(
  cells: readonly Cell[],
  durations: ReadonlyMap<string, Durations>,
  now_ms: number,
): readonly Week[] {
  const counted = [...groupBy(dated(cells), ({ day }) => weekOf(day))]
    .map(([week, group]) => ({ week, ...countsOf(group) }))
    .sort((a, b) => compare(a.week, b.week));
  const shares = weekShares(counted);
  const this_week = weekOf(dayText(now_ms));
  return counted.flatMap((counts, index) => {
    const first = shares[index];
    const { p50_ms, p95_ms } = durations.get(counts.week) ?? NO_DURATIONS;
    return first === undefined ? [] : { ...counts, running: counts.week === this_week, p50_ms, p95_ms, first };
  });
}

/** The first-shot shares of models, kinds, daemons, and models by kind, week by week; best first. */
export function matrixOf(cells: readonly Cell[]): Readonly<Record<MatrixBy, readonly MatrixRow[]>> {
  const rows = (name: (cell: Cell) => string, detail: (cell: Cell) => string) =>
    [...groupBy(cells, (cell) => JSON.stringify([name(cell), detail(cell)])).values()]
      .flatMap((group) => matrixRow(group, name, detail))
      .sort((a, b) => Number(b.share) - Number(a.share) || b.answered - a.answered || compare(a.name, b.name));
  const model = (cell: Cell) => cell.model;
  return {
    model: rows(model, ({ provider }) => provider),
    kind: rows(
      ({ kind }) => kind,
      () => "",
    ),
    daemon: rows(
      ({ daemon }) => daemon,
      () => "",
    ),
    model_kind: rows(model, ({ kind }) => kind),
  };
}

function matrixRow(
  group: readonly Cell[],
  name: (cell: Cell) => string,
  detail: (cell: Cell) => string,
): readonly MatrixRow[] {
  const [first] = group;
  const total = countsOf(group);
  if (first === undefined || total.answered === 0) return [];
  const weeks = [...groupBy(dated(group), ({ day }) => weekOf(day))]
    .map(([week, cells]): WeekNumbers => ({ week, ...countsOf(cells) }))
    .filter(({ answered }) => answered > 0)
    .sort((a, b) => compare(a.week, b.week));
  return [{ name: name(first), detail: detail(first), ...shareOf(total), weeks: weekShares(weeks) }];
}

type Dated = Cell & { readonly day: string };
const dated = (cells: readonly Cell[]): readonly Dated[] =>
  cells.flatMap((cell) => (cell.day === null ? [] : { ...cell, day: cell.day }));

const NO_DURATIONS: Durations = { p50_ms: null, p95_ms: null };

/** Exact quantiles. */
const DURATIONS_SQL = (group: string) => `
  SELECT ${group} AS week, quantiles[1] AS p50_ms, quantiles[2] AS p95_ms
  FROM (
    SELECT ${group === "NULL" ? "" : "week_of(timestamp) AS week,"} quantile_disc(duration_ms, [0.5, 0.95]) AS quantiles
    FROM sessions
    WHERE is_answered(final_verdict)
    ${group === "NULL" ? "" : "GROUP BY week"}
  )`;

/** How long sessions took: in all, and by week. Rejects with SqlError. */
export async function readDurations(
  ask: Ask,
): Promise<{ readonly total: Durations; readonly weeks: ReadonlyMap<string, Durations> }> {
  const [whole] = await ask(DURATIONS_SQL("NULL"));
  const weeks = await ask(DURATIONS_SQL("week::VARCHAR"));
  return { total: durationsOf(whole), weeks: new Map(weeks.map((row) => [textOf(row.week), durationsOf(row)])) };
}

const durationsOf = (row: Fields = {}): Durations => ({
  p50_ms: numberOrNull(row.p50_ms),
  p95_ms: numberOrNull(row.p95_ms),
});
