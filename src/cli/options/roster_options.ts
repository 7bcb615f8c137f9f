import { relative } from "node:path";
import type { Config } from "../../config/config.js";
import type { CliContext } from "../context.js";
import type { Questions } from "./journal_options.js";

/** The tables and variables of the query `audit`, from `[audit]`. */
export function rosterQuestions({ audit }: Config): Questions {
  const table = { name: "roster", column: "worker_id", file_column: audit.roster_id, path: audit.roster };
  return { tables: [table], variables: idPaths(audit.ids) };
}

/** `fills[].candidate_id` as the JSON paths of the ids and of the entries that must have one. */
function idPaths(path: string) {
  const ids_path = `$${path
    .split(".")
    .map((key) => (key.endsWith("[]") ? `."${key.slice(0, -2)}"[*]` : `."${key}"`))
    .join("")}`;
  return { ids_path, entries_path: ids_path.slice(0, ids_path.lastIndexOf("[*]") + 3) };
}

/** The roster's path as a user would write it. */
export function rosterName({ audit }: Config, { cwd }: CliContext): string {
  const near = relative(cwd, audit.roster);
  return near.startsWith("..") ? audit.roster : near;
}
