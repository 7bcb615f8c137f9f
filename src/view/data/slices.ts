import type { Ask } from "../answers/ask.js";
import { type Cell, readCells, selectCells } from "../answers/cube.js";
import { dayText } from "../answers/shares.js";
import { hasOwnParts, type ViewFilter, viewCondition } from "../filter.js";
import { type Cube, readCube } from "./cube_store.js";

/** Runs `work` over the sessions that pass a condition. */
export type AskWhere = <T>(condition: string, work: (ask: Ask) => Promise<T>) => Promise<T>;

const DAY_MS = 86_400_000;

/**
 * The cells of the sessions that pass the filter, but for its names, which `selectCells` applies. Whole days are those of the cube; only the
 * rest of the first and of the last day is read from the log, and everything only for a filter that the cube does not know.
 *
 * @param found see `viewCondition`
 */
export async function readSlice(
  cube: Cube,
  filter: ViewFilter,
  found: string | undefined,
  askWhere: AskWhere,
): Promise<readonly Cell[]> {
  const has_names = Object.values(filter.names).some((names) => names.length > 0);
  if (hasOwnParts(filter)) {
    const { kind, model, daemon, provider, verdict } = filter.names;
    const own = [kind, model, daemon, provider, verdict].every((names) => names.length === 0)
      ? filter
      : { ...filter, names: NO_NAMES };
    return askWhere(viewCondition(own, found), async (ask) => (await readCube(ask)).cells);
  }
  if (cube.is_cut && has_names)
    return askWhere(viewCondition(filter, found), async (ask) => (await readCube(ask)).cells);
  const { since_ms, until_ms } = filter;
  const whole = cube.cells.filter(
    ({ day }) =>
      day === null ||
      ((since_ms === undefined || Date.parse(day) >= since_ms) &&
        (until_ms === undefined || Date.parse(day) + DAY_MS <= until_ms)),
  );
  const parts = partialDays(since_ms, until_ms).filter(({ day }) => cube.cells.some((cell) => cell.day === day));
  const read: Cell[] = [];
  for (const { from_ms, to_ms } of parts) {
    const condition = `timestamp >= ${instant(from_ms)} AND timestamp < ${instant(to_ms)}`;
    read.push(...(await askWhere(condition, (ask) => readCells(ask))));
  }
  return [...whole, ...read];
}

const NO_NAMES: ViewFilter["names"] = { kind: [], model: [], daemon: [], provider: [], verdict: [] };

/** The days of which a time filter has only a part. */
function partialDays(since_ms: number | undefined, until_ms: number | undefined) {
  const days = new Map<string, { readonly day: string; readonly from_ms: number; readonly to_ms: number }>();
  for (const moment of [since_ms, until_ms]) {
    if (moment === undefined || moment % DAY_MS === 0) continue;
    const begin = Math.floor(moment / DAY_MS) * DAY_MS;
    const day = dayText(begin);
    days.set(day, {
      day,
      from_ms: Math.max(begin, since_ms ?? begin),
      to_ms: Math.min(begin + DAY_MS, until_ms ?? begin + DAY_MS),
    });
  }
  return [...days.values()];
}

const instant = (ms: number): string => `TIMESTAMPTZ '${new Date(ms).toISOString()}'`;

/** How many sessions there would be without one of the filters; for an answer without sessions. */
export function removedByNames(cells: readonly Cell[], names: ViewFilter["names"]) {
  const filters = ["kind", "model", "daemon", "provider", "verdict"] as const;
  return filters.flatMap((filter) => {
    const [value] = names[filter];
    if (value === undefined) return [];
    const left = selectCells(cells, { ...names, [filter]: [] });
    const sessions = left.reduce((sum, cell) => sum + cell.sessions, 0);
    return sessions === 0 ? [] : [{ filter, value, sessions }];
  });
}
