import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import { expect, test } from "vitest";

test("schema_reference makes the reference of docs/SESSION_LOG.md again", () => {
  execFileSync(process.execPath, ["scripts/schema_reference.mjs", "--check"], { stdio: "pipe" });
});

test("schema_reference tells every key, in the schema's order", () => {
  const page = readFileSync("docs/SESSION_LOG.md", "utf8");
  const keys = [...page.matchAll(/^\| `(\w+)` \| (?:string|integer|array|object|boolean)/gm)].map(([, key]) => key);
  expect(keys).toEqual(Object.keys(sessionSchema.properties));
});
