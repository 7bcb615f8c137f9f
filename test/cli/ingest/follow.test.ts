import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createFollower, type FollowOptions } from "../../../src/cli/ingest/follow.js";
import type { Line } from "../../../src/cli/ingest/lines.js";
import { temporaryDirectory } from "../support.js";

/** A follower, whose lines are collected, and stored as they come unless it is held. */
function start(directory: string, options: Partial<FollowOptions> = {}) {
  const path = join(directory, "rows.jsonl");
  const stop = new AbortController();
  const warnings: string[] = [];
  const lines: Line[] = [];
  const stamped: string[] = [];
  const held = { yes: false };
  const follower = createFollower({
    path,
    name: "rows.jsonl",
    state_path: join(directory, "state"),
    stamped: false,
    stop: stop.signal,
    poll_ms: 5,
    now_ms: () => 1_000,
    warn: (message) => void warnings.push(message),
    ...options,
  });
  const reading = (async () => {
    for await (const group of follower.lines) {
      lines.push(...group);
      for (const line of group) stamped.push(`${follower.stamps.session_id(line)} ${follower.stamps.now_ms(line)}`);
      const last = group.at(-1);
      if (!held.yes && last !== undefined) {
        await follower.stored({ last_line: last.number, end: last.end, rows: [], refused: [] });
      }
    }
  })();
  async function end(): Promise<void> {
    stop.abort();
    await reading;
    await follower.close();
  }
  onTestFinished(end);
  const texts = () => lines.map(({ bytes }) => `${bytes}`);
  return { path, warnings, lines, stamped, held, follower, reading, end, texts };
}

/** Resolves once a condition holds that comes true by itself; the test's own timeout ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

const stateOf = (directory: string) => JSON.parse(readFileSync(join(directory, "state"), "utf8"));

describe("createFollower", () => {
  test("waits for the file, and passes on lines as they end, with their numbers", async () => {
    const directory = temporaryDirectory();
    const { path, lines, texts, warnings } = start(directory);
    await until(() => warnings.length > 0);
    expect(warnings).toEqual(["rows.jsonl: not there yet; waiting for it"]);
    writeFileSync(path, "a\r\n\nb\nhal");
    await until(() => lines.length === 2);
    expect(lines).toMatchObject([
      { number: 1, ending: "\r\n", end: 3 },
      { number: 3, ending: "\n", end: 6 },
    ]);
    appendFileSync(path, "f\n");
    await until(() => lines.length === 3);
    expect(texts()).toEqual(["a", "b", "half"]);
    await until(() => stateOf(directory).offset === 11);
    expect(stateOf(directory).line).toBe(4);
  });

  test("goes on where the state says", async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "rows.jsonl"), "a\nb\n");
    const first = start(directory);
    await until(() => first.lines.length === 2);
    await first.end();
    appendFileSync(first.path, "c\n");
    const second = start(directory);
    await until(() => second.lines.length === 1);
    expect(second.lines).toMatchObject([{ number: 3, end: 6 }]);
    expect(second.texts()).toEqual(["c"]);
  });

  test("reads again what is not stored", async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "rows.jsonl"), "a\nb\n");
    const first = start(directory);
    first.held.yes = true;
    await until(() => first.lines.length === 2);
    await first.end();
    expect(stateOf(directory).offset).toBe(0);
    const second = start(directory);
    await until(() => second.lines.length === 2);
  });

  test("sends the rest of a renamed file, and then the new one from its start", async () => {
    const directory = temporaryDirectory();
    const { path, lines, texts } = start(directory);
    writeFileSync(path, "a\n");
    await until(() => lines.length === 1);
    renameSync(path, `${path}.1`);
    writeFileSync(path, "");
    // The writer has not noticed yet.
    appendFileSync(`${path}.1`, "b\n");
    await until(() => lines.length === 2);
    appendFileSync(`${path}.1`, "without a newline");
    appendFileSync(path, "c\n");
    await until(() => lines.length === 4);
    expect(texts()).toEqual(["a", "b", "without a newline", "c"]);
    expect(lines.at(-1)).toMatchObject({ number: 1, end: 2 });
  });

  test("does not leave a renamed file before its lines are stored", async () => {
    const directory = temporaryDirectory();
    const { path, lines, held, follower } = start(directory);
    held.yes = true;
    writeFileSync(path, "a\n");
    await until(() => lines.length === 1);
    renameSync(path, `${path}.1`);
    writeFileSync(path, "b\n");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lines).toHaveLength(1);
    await follower.stored({ last_line: 1, end: 2, rows: [], refused: [] });
    await until(() => lines.length === 2);
  });

  test("finds a file that was renamed while nobody read it", async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "rows.jsonl"), "a\n");
    const first = start(directory);
    await until(() => first.lines.length === 1);
    await first.end();
    appendFileSync(first.path, "b\n");
    renameSync(first.path, `${first.path}.1`);
    writeFileSync(first.path, "c\n");
    const second = start(directory);
    await until(() => second.lines.length === 2);
    expect(second.texts()).toEqual(["b", "c"]);
    expect(second.warnings).toEqual([]);
  });

  test.each<[string, (path: string) => void]>([
    [
      "removed",
      (path) => {
        rmSync(path);
        writeFileSync(`${path}.other`, "keeps the inode from being given again");
        writeFileSync(path, "c\n");
      },
    ],
    ["another one with the same inode", (path) => writeFileSync(path, "another file's first line\n")],
  ])("begins at the start of a file that was %s, and says so", async (_, change) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "rows.jsonl"), "a\n");
    const first = start(directory);
    await until(() => first.lines.length === 1);
    await first.end();
    change(first.path);
    const second = start(directory);
    await until(() => second.lines.length === 1);
    expect(second.lines).toMatchObject([{ number: 1 }]);
    expect(second.warnings).toEqual([
      "rows.jsonl: the file that was read until now is not here any more; rows at its end may be missing",
    ]);
  });

  test.each<[string, string]>([
    ["shorter", "c\n"],
    ["longer than it was before", "another line, and it is long\n"],
  ])("reads a file that is cut from its start, also when it is %s at once", async (_, text) => {
    const directory = temporaryDirectory();
    const { path, lines, warnings, texts } = start(directory);
    writeFileSync(path, "a\nb\nhalf");
    await until(() => lines.length === 2);
    truncateSync(path);
    appendFileSync(path, text);
    await until(() => lines.length === 3);
    expect(texts()).toEqual(["a", "b", text.trimEnd()]);
    expect(warnings.filter((line) => !line.includes("not there yet"))).toEqual([
      "rows.jsonl: it was cut; it is read from its start",
    ]);
  });

  test("gives a line the same stamps when it is read again", async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "rows.jsonl"), "a\na\n");
    const first = start(directory, { stamped: true, now_ms: () => 1_000 });
    first.held.yes = true;
    await until(() => first.lines.length === 2);
    await first.end();
    appendFileSync(first.path, "b\n");
    const second = start(directory, { stamped: true, now_ms: () => 2_000 });
    await until(() => second.lines.length === 3);
    expect(second.stamped.slice(0, 2)).toEqual(first.stamped);
    expect(new Set(second.stamped).size).toBe(3);
    expect(second.stamped[2]).toMatch(/^[0-9a-f]{32} 2000$/);
    await until(() => stateOf(directory).stamps.length === 0);
  });

  test("names a file that cannot be read", async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "rows.jsonl"));
    const stop = new AbortController();
    const follower = createFollower({
      path: join(directory, "rows.jsonl"),
      name: "rows.jsonl",
      state_path: undefined,
      stamped: false,
      stop: stop.signal,
      poll_ms: 5,
      now_ms: () => 0,
      warn: () => undefined,
    });
    await expect(follower.lines.next()).rejects.toThrow("rows.jsonl: cannot read: ");
    await follower.close();
  });
});
