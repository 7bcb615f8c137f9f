import type { JournalReader, SessionFilter } from "../../query/index.js";
import { oneLine } from "./text.js";

const NAMES_MAX = 10;

/** For an empty answer: a line for each name of the filter that no session has, with those that there are. */
export async function findUnknownNames(
  reader: JournalReader,
  { kinds, daemons, models, providers }: SessionFilter,
): Promise<readonly string[]> {
  const asked = [
    { column: "kind", names: kinds },
    { column: "daemon", names: daemons },
    { column: "model", names: models },
    { column: "provider", names: providers },
  ].filter(({ names }) => names.length > 0);
  if (asked.length === 0) return [];
  const lists = asked.map(({ column }) => `list(DISTINCT ${column} ORDER BY ${column})`);
  const { columns, batches } = await reader.select(`SELECT ${lists.join(", ")} FROM all_sessions`);
  const lines: string[] = [];
  for await (const [row] of batches()) {
    for (const [index, { column, names }] of asked.entries()) {
      const there: unknown = JSON.parse(columns[index]?.json(row?.[index] ?? null) ?? "null");
      const known = Array.isArray(there) ? there.map(String) : [];
      const shown = known.slice(0, NAMES_MAX).map((name) => (name === "" ? "(none)" : name));
      if (known.length > NAMES_MAX) shown.push("…");
      const others = shown.length === 0 ? "there is no session" : `there are ${shown.join(", ")}`;
      for (const name of names) {
        if (!known.includes(name)) lines.push(oneLine(`no session has ${column} ${name}; ${others}`));
      }
    }
  }
  return lines;
}
