import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCli, temporaryDirectory } from "../../../../test/cli/support.js";
import { createDiagnostics } from "../../src/delivery/diagnostics.js";
import { spillRecords } from "../../src/delivery/spill.js";
import { createCounters } from "../../src/delivery/stats.js";
import { encodeRecord } from "../../src/record/encode_record.js";
import { accepted, ids, names, serve } from "../support.js";

function rowsOf(count: number): readonly Uint8Array[] {
  const rows = names(count).map((_, number) =>
    encodeRecord(accepted(number), { daemon: "d", now_ms: () => 0, trace_id: () => "" }, 1_000),
  );
  return rows.flatMap((row) => (row.ok ? [row.bytes] : []));
}

function spill(path: string, rows: readonly Uint8Array[]) {
  const told: string[] = [];
  const counters = createCounters();
  const log = { info: () => undefined, warn: (message: string) => void told.push(message) };
  const diagnostics = createDiagnostics(log);
  spillRecords(rows, path, counters, diagnostics);
  diagnostics.write();
  return { counters, told: told.join() };
}

/** No file of this process may grow beyond so many bytes while `work` runs. */
function limited(bytes: number, work: () => void): void {
  const set = (limit: string) => execFileSync("prlimit", ["--pid", `${process.pid}`, `--fsize=${limit}:`]);
  set(`${bytes}`);
  try {
    work();
  } finally {
    set("unlimited");
  }
}

test("spillRecords begins a line of its own in a file that ends within one", async () => {
  const path = join(temporaryDirectory(), "spill.jsonl");
  writeFileSync(path, '{"kind":"fill","prom');
  expect(spill(path, rowsOf(3)).counters).toMatchObject({ spilled: 3, dropped: 0 });
  const { address, path: log } = await serve();
  const { stdout } = await runCli(["append", "--address", address, path]);
  expect(stdout).toBe("appended 3, duplicate 0, refused 1\n");
  expect(ids(log)).toEqual(names(3));
});

test("spillRecords adds whole lines to whole lines", () => {
  const path = join(temporaryDirectory(), "spill.jsonl");
  spill(path, rowsOf(2));
  spill(path, rowsOf(1));
  expect(ids(path)).toEqual([...names(2), ...names(1)]);
});

test.skipIf(process.platform !== "linux")(
  "spillRecords ends with the last whole row where there is no more room",
  () => {
    const path = join(temporaryDirectory(), "spill.jsonl");
    spill(path, rowsOf(1));
    const { size } = statSync(path);
    writeFileSync(path, "{");
    let outcome: ReturnType<typeof spill> | undefined;
    limited(2 + 2 * size + 10, () => {
      outcome = spill(path, rowsOf(5));
    });
    expect(outcome?.counters).toMatchObject({ spilled: 2, dropped: 3 });
    expect(outcome?.told).toContain(`2 records could not be sent and are in ${path}`);
    expect(outcome?.told).toContain(`3 records lost: cannot write ${path}: Error: EFBIG`);
    expect(
      readFileSync(path, "utf8")
        .split("\n")
        .map((line) => line.length),
    ).toEqual([1, size - 1, size - 1, 0]);
  },
);

test.skipIf(process.platform !== "linux")("spillRecords counts rows as lost that a device has no room for", () => {
  const { counters, told } = spill("/dev/full", rowsOf(2));
  expect(counters).toMatchObject({ spilled: 0, dropped: 2 });
  expect(told).toContain("2 records lost: cannot write /dev/full: Error: ENOSPC");
});
