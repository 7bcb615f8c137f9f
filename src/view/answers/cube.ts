import type { Counts, FacetLists, FacetName, FacetValue } from "../api.js";
import { type Ask, numberOf, textOf, textOrNull } from "./ask.js";

/** Sessions that have all of these in common. All figures of the overview are sums of them: filters need not read the log again. */
export interface Cell {
  /** "2026-10-05", in UTC; null for rows whose time cannot be used. */
  readonly day: string | null;
  readonly kind: string;
  readonly model: string;
  readonly provider: string;
  readonly daemon: string;
  readonly verdict: string;
  readonly sessions: number;
  readonly first_shot: number;
  readonly ungrounded: number;
  readonly unchecked: number;
}

/** The cells of the view `sessions`, in one pass. */
export const CUBE_SQL = `
  SELECT * REPLACE (strftime(day, '%Y-%m-%d') AS day)
  FROM (
    SELECT
      make_timestamp(epoch_us(timestamp))::DATE AS day,
      kind,
      model,
      provider,
      daemon,
      final_verdict AS verdict,
      count(*) AS sessions,
      count(*) FILTER (WHERE is_first_shot(final_verdict, iterations)) AS first_shot,
      count(*) FILTER (WHERE kind = 'fill' AND final_verdict = 'accepted' AND NOT grounded_in_roster) AS ungrounded,
      count(*) FILTER (WHERE kind = 'fill' AND final_verdict = 'accepted' AND grounded_in_roster IS NULL) AS unchecked
    FROM sessions
    GROUP BY ALL
  )`;

/** Asks for the cells. Rejects with SqlError. */
export async function readCells(ask: Ask, sql = CUBE_SQL): Promise<readonly Cell[]> {
  return (await ask(sql)).map((row) => ({
    day: textOrNull(row.day),
    kind: textOf(row.kind),
    model: textOf(row.model),
    provider: textOf(row.provider),
    daemon: textOf(row.daemon),
    verdict: textOf(row.verdict),
    sessions: numberOf(row.sessions),
    first_shot: numberOf(row.first_shot),
    ungrounded: numberOf(row.ungrounded),
    unchecked: numberOf(row.unchecked),
  }));
}

/** Names that pass; an empty list lets all of them. */
export type NameFilter = Readonly<Record<FacetName, readonly string[]>>;

/** The cells that pass, of any day. */
export function selectCells(cells: readonly Cell[], filter: NameFilter): readonly Cell[] {
  const wanted = FACETS.filter((name) => filter[name].length > 0);
  return wanted.length === 0
    ? cells
    : cells.filter((cell) => wanted.every((name) => filter[name].includes(cell[name])));
}

const FACETS = ["kind", "model", "daemon", "provider", "verdict"] as const;

/** The sums of cells. */
export function countsOf(cells: readonly Cell[]): Counts {
  let [sessions, first_shot, accepted, exhausted, infra_errors] = [0, 0, 0, 0, 0];
  let [accepted_fills, ungrounded, unchecked] = [0, 0, 0];
  for (const cell of cells) {
    sessions += cell.sessions;
    first_shot += cell.first_shot;
    ungrounded += cell.ungrounded;
    unchecked += cell.unchecked;
    if (cell.verdict === "accepted") accepted += cell.sessions;
    else if (cell.verdict === "max_iter_exhausted") exhausted += cell.sessions;
    else if (cell.verdict === "infra_error") infra_errors += cell.sessions;
    if (cell.verdict === "accepted" && cell.kind === "fill") accepted_fills += cell.sessions;
  }
  const answered = sessions - infra_errors;
  return {
    sessions,
    answered,
    first_shot,
    accepted,
    exhausted,
    infra_errors,
    accepted_fills,
    ungrounded,
    unchecked,
  };
}

/** Values of one facet; more of them are not for choosing from. */
const VALUES_MAX = 200;

/** What there is to choose: the values of each name under the filters of the others, most frequent first. */
export function facetsOf(cells: readonly Cell[], filter: NameFilter): FacetLists {
  const values = (name: FacetName): readonly FacetValue[] => {
    const groups = groupBy(selectCells(cells, { ...filter, [name]: [] }), (cell) => cell[name]);
    const found = [...groups].map(([value, group]) => ({ value, sessions: countsOf(group).sessions }));
    return found.sort((a, b) => b.sessions - a.sessions || compare(a.value, b.value)).slice(0, VALUES_MAX);
  };
  return {
    kind: values("kind"),
    model: values("model"),
    daemon: values("daemon"),
    provider: values("provider"),
    verdict: values("verdict"),
  };
}

/** The items by their key, in the order of the first of each. */
export function groupBy<Item>(
  items: readonly Item[],
  key: (item: Item) => string,
): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}

/** By code unit, as DuckDB orders texts of ASCII. */
export const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
