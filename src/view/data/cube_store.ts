import type { Ask } from "../answers/ask.js";
import { type Cell, CUBE_SQL, readCells } from "../answers/cube.js";

/** More cells than this have so many different names that the rarest are put together. */
const CELLS_MAX = 100_000;
/** Names of a column that are kept then. */
const NAMES_MAX = 100;
/** What stands for the others. */
const OTHERS = "(others)";

/** Cells, and whether some of their names stand for several. */
export interface Cube {
  readonly cells: readonly Cell[];
  readonly is_cut: boolean;
}

/** Asks for the cells of the view `sessions`, in bounded memory. Rejects with SqlError. */
export async function readCube(ask: Ask, cells_max = CELLS_MAX, names_max = NAMES_MAX): Promise<Cube> {
  const cells = await readCells(ask, `${CUBE_SQL} LIMIT ${cells_max + 1}`);
  if (cells.length <= cells_max) return { cells, is_cut: false };
  const frequent = (name: string) => `
    CASE WHEN ${name} IN (SELECT ${name} FROM sessions GROUP BY ${name} ORDER BY count(*) DESC, ${name} LIMIT ${names_max})
      THEN ${name} ELSE '${OTHERS}' END AS ${name}`;
  const names = ["kind", "model", "provider", "daemon"];
  const cut = `
    WITH every AS (FROM sessions), sessions AS (SELECT * REPLACE (${names.map(frequent).join(", ")}) FROM every)
    ${CUBE_SQL} LIMIT ${CELLS_MAX}`;
  return { cells: await readCells(ask, cut), is_cut: true };
}

/** The cells of two sets of sessions together. */
export function addCells(cells: readonly Cell[], added: readonly Cell[]): readonly Cell[] {
  const sums = new Map(cells.map((cell) => [keyOf(cell), cell]));
  for (const cell of added) {
    const sum = sums.get(keyOf(cell));
    sums.set(
      keyOf(cell),
      sum === undefined
        ? cell
        : {
            ...sum,
            sessions: sum.sessions + cell.sessions,
            first_shot: sum.first_shot + cell.first_shot,
            ungrounded: sum.ungrounded + cell.ungrounded,
            unchecked: sum.unchecked + cell.unchecked,
          },
    );
  }
  return [...sums.values()];
}

const keyOf = ({ day, kind, model, provider, daemon, verdict }: Cell): string =>
  JSON.stringify([day, kind, model, provider, daemon, verdict]);
