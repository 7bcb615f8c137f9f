import { appendFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openSessionStore, type SessionStore } from "../../../src/query/store/session_store.js";
import { exampleRows, segment, temporaryDirectory, text, writeFiles } from "../support.js";

const signal = new AbortController().signal;

async function open(path: string): Promise<SessionStore> {
  const store = await openSessionStore({
    path: resolve(path),
    tables: [],
    memory_bytes: 256 * 1024 ** 2,
    connections: 2,
    signal,
  });
  onTestFinished(() => store.close());
  return store;
}

/** The rows of an answer as texts. */
function ask(store: SessionStore, sql: string, condition = "true"): Promise<readonly (readonly unknown[])[]> {
  const [connection] = store.connections;
  if (connection === undefined) throw new Error("no connection");
  return connection.with(condition, signal, async (select) => {
    const { columns, batches } = await select(sql);
    const rows: unknown[][] = [];
    for await (const batch of batches()) {
      rows.push(...batch.map((row) => columns.map(({ text }, index) => text(row[index] ?? null))));
    }
    return rows;
  });
}

const SEQUENCES = "SELECT count(*), min(sequence), max(sequence) FROM sessions";

test("openSessionStore numbers the rows of sealed files and of the active one", async () => {
  const directory = temporaryDirectory();
  writeFiles(directory, {
    [`${segment(1, 100)}.gz`]: text(exampleRows.slice(0, 100)),
    [segment(101, 150)]: text(exampleRows.slice(100, 150)),
    "sessions.jsonl": text(exampleRows.slice(150, 160)),
  });
  const store = await open(directory);
  expect(await ask(store, SEQUENCES)).toEqual([["160", "1", "160"]]);
  for (const sequence of [1, 100, 101, 150, 151, 160]) {
    const row = exampleRows[sequence - 1] ?? "";
    expect((await store.row(sequence))?.toString()).toBe(row);
    expect(await ask(store, "SELECT session_id FROM sessions", `sequence = ${sequence}`)).toEqual([
      [JSON.parse(row).session_id],
    ]);
  }
  expect(store.state()).toEqual({ segments: 2, compacted: 0, last_sequence: 160, warnings: [], complete: true });
});

test("a store's views have the sessions that pass, the queries' views too, for each connection its own", async () => {
  const store = await open("examples/sessions.jsonl");
  const [first, second] = store.connections;
  const kinds = "SELECT DISTINCT kind FROM attempts";
  expect(await ask(store, kinds, "kind = 'email'")).toEqual([["email"]]);
  await first?.with("kind = 'email'", signal, () =>
    Promise.resolve(
      second?.with("kind = 'fill'", signal, async (select) => {
        const { columns, batches } = await select(kinds);
        for await (const [row] of batches()) expect(columns[0]?.text(row?.[0] ?? null)).toBe("fill");
      }),
    ),
  );
});

test("refresh adds rows as they come, over rotation, and counts what is no row", async () => {
  const directory = temporaryDirectory();
  const path = join(directory, "sessions.jsonl");
  writeFiles(directory, { "sessions.jsonl": text(exampleRows.slice(0, 3)) });
  const store = await open(directory);
  expect(await store.refresh()).toBe("same");
  appendFileSync(path, text(exampleRows.slice(3, 5)));
  expect(await store.refresh()).toBe("rows");
  expect(await ask(store, SEQUENCES)).toEqual([["5", "1", "5"]]);
  renameSync(path, join(directory, segment(1, 5)));
  writeFileSync(path, text(["garbage", ...exampleRows.slice(5, 7)]));
  expect(await store.refresh()).toBe("rows");
  expect(await ask(store, SEQUENCES)).toEqual([["7", "1", "8"]]);
  expect(store.state()).toMatchObject({
    last_sequence: 8,
    warnings: [`${path}: skipped 1 new line that are no rows of a session log`],
    complete: false,
  });
  expect((await store.row(8))?.toString()).toBe(exampleRows[6]);
  rmSync(path);
  rmSync(join(directory, segment(1, 5)));
  await expect(store.refresh()).rejects.toThrow(`${path}: has been moved or deleted`);
});

test("openSessionStore reports what readJournal does", async () => {
  const directory = temporaryDirectory();
  writeFiles(directory, {
    [`${segment(1, 2)}.gz`]: text(exampleRows.slice(0, 2)),
    "sessions.jsonl": text(["garbage", exampleRows[2] ?? ""]),
  });
  writeFileSync(join(directory, `${segment(3, 9)}.gz`), "no gzip");
  const { warnings, complete } = (await open(directory)).state();
  expect(complete).toBe(false);
  expect(warnings.join("\n")).toMatch(/left out: .*\n.*skipped 1 line that is not a row/s);
  await expect(open(temporaryDirectory())).rejects.toThrow("there is no session log here");
});

test("a store's question is interrupted by its signal", async () => {
  const store = await open("examples/sessions.jsonl");
  const stop = new AbortController();
  const long = store.connections[0]?.with("true", stop.signal, async (select) => {
    setTimeout(() => stop.abort(new Error("stopped")), 100);
    const { batches } = await select("SELECT count(*) FROM range(1000000000) a, range(1000000) b");
    for await (const _ of batches());
  });
  await expect(long).rejects.toThrow("stopped");
  expect(await ask(store, "SELECT 1")).toEqual([["1"]]);
});
