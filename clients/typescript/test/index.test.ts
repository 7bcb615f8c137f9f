import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as client from "../src/index.js";
import { resolveOptions } from "../src/options.js";
import { createMemoryLogger } from "../src/testing/index.js";

const page = readFileSync(new URL("../../../docs/CLIENTS.md", import.meta.url), "utf8");

/** The names that the last column of a table has, of the section with this heading. */
function namesUnder(heading: string): readonly string[] {
  const section = page.split(`\n### ${heading}\n`)[1]?.split("\n#")[0] ?? "";
  const cells = section.match(/^\|.*\|$/gm)?.map((row) => row.split("|").at(-2) ?? "") ?? [];
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name));
}

const logger = createMemoryLogger();
const session = logger.startSession({ kind: "fill" });

test("docs/CLIENTS.md has the options, the statistics and the names that there are", () => {
  const options = Object.keys(resolveOptions("a:1", {}));
  const of_process = ["address", "now_ms", "random", "currentSpan", "credentials_retry_ms"];
  const listed = namesUnder("Options");
  expect(options.filter((name) => !of_process.includes(name) && !listed.includes(name))).toEqual([]);
  expect(listed.filter((name) => !options.includes(name))).toEqual(["trace_ids"]);
  const stats = Object.keys(logger.stats());
  expect(stats.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  expect(namesUnder("Stats").filter((name) => !stats.includes(name))).toEqual([]);
  const names = [...Object.keys(client), ...Object.keys(logger), ...Object.keys(session), "createMemoryLogger"];
  expect(namesUnder("Names").length).toBeGreaterThan(15);
  expect(namesUnder("Names").filter((name) => !names.includes(name))).toEqual([]);
});
