import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** What a source file imports when it is loaded: not types, and not what it imports later. */
function loadedBy(file: string): readonly string[] {
  const source = readFileSync(file, "utf8");
  const found = source.matchAll(/^(?:import|export)(?! type)(?:[^"';]*? from)? "([^"]+)";/gm);
  return [...found].map(([, target = ""]) =>
    target.startsWith(".") ? join(file, "..", target).replace(/\.js$/, ".ts") : target,
  );
}

test("no command loads DuckDB before it is asked a question", () => {
  const seen = new Set([
    "src/main.ts",
    ...readdirSync("src/cli", { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `src/cli/${file}`),
  ]);
  for (const file of seen) if (existsSync(file)) for (const target of loadedBy(file)) seen.add(target);
  expect(seen.size).toBeGreaterThan(50);
  const loaded = [...seen].filter((name) => name.startsWith("src/query/") || name.startsWith("@duckdb"));
  expect(loaded.sort()).toEqual(["src/query/catalog.ts", "src/query/errors.ts", "src/query/literal.ts"]);
  expect(loadedBy("src/query/database.ts")).toContain("src/query/duckdb.ts");
});
