import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";

/** The rooms of journal/, lowest first: each imports only from itself and from lower ones. Files of the folder itself are rooms, too. */
const FLOORS = [
  ["types", "format", "clock"],
  ["disk"],
  ["sealed"],
  ["read"],
  ["active"],
  ["digest_window"],
  ["dedupe", "join_lines", "queue"],
  ["journal", "inspect"],
  ["index"],
];

const root = "src/journal";
const roomOf = (path: string) => relative(root, path).replace(/[/.].*/, "");
const floorOf = (path: string) => FLOORS.findIndex((rooms) => rooms.includes(roomOf(path)));

test("journal/ imports downwards only, from room to room", () => {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => /(?<!\.d)\.ts$/.test(file));
  expect(files.length).toBeGreaterThan(30);
  const arrows = files.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/ from "(\.[^"]+)";/g)].map(
      ([, target = ""]) => [join(root, file), join(root, file, "..", target)] as const,
    ),
  );
  expect(arrows.length).toBeGreaterThan(100);
  const wrong = arrows.filter(([from, to]) => roomOf(from) !== roomOf(to) && !(floorOf(from) > floorOf(to)));
  expect(wrong.map((arrow) => arrow.join(" imports "))).toEqual([]);
  expect(files.filter((file) => floorOf(join(root, file)) === -1)).toEqual([]);
});
