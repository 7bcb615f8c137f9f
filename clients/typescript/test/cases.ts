import { readFileSync } from "node:fs";

/** The cases of a file of clients/cases, which all clients share: one JSON value a line. */
export function readCases<Case>(file: string): readonly Case[] {
  const text = readFileSync(new URL(`../../cases/${file}`, import.meta.url), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line): Case => JSON.parse(line));
}
