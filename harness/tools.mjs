import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const ownTools = new URL("../.tools/bin", import.meta.url).pathname;

/**
 * Finds a program in $SESSIONLOG_TOOLS, in .tools/bin (see scripts/tools.sh), on PATH, then in `further` directories.
 * @param {string} name
 * @param {readonly string[]} [further]
 * @returns {string | undefined} its full path
 */
export function findTool(name, further = []) {
  const path = (process.env.PATH ?? "").split(delimiter);
  const directories = [process.env.SESSIONLOG_TOOLS ?? "", ownTools, ...path, ...further];
  return directories
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, name))
    .find((file) => existsSync(file));
}
