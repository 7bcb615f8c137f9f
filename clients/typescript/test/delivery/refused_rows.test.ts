import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCli, temporaryDirectory } from "../../../../test/cli/support.js";
import { createDiagnostics } from "../../src/delivery/diagnostics.js";
import { createRefusedRows } from "../../src/delivery/refused_rows.js";
import { accepted, ids, quickLogger, serve } from "../support.js";

const violation = { field: "record.kind", reason: "NOT_ALLOWED", description: "d" };
const readLines = (path: string) =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test("refused rows are kept, named in the log, and can be mended and sent", async () => {
  const { address, path } = await serve();
  const refused_file = join(temporaryDirectory(), "refused.jsonl");
  const log = quickLogger(address, { refused_file });
  log.append(accepted(0, { kind: "fil" }));
  log.append(accepted(1, { artifact: { n: Number.NaN } }));
  log.append(accepted(2));
  await log.close();
  const refused = readLines(refused_file);
  expect(refused).toMatchObject([
    { violations: [{ field: "record.artifact", reason: "NOT_FINITE" }] },
    { violations: [{ field: "record.kind", reason: "NOT_ALLOWED" }] },
  ]);
  expect(log.told).toEqual([
    "session log: record refused: session_id session-1, daemon validatord: record.artifact NOT_FINITE: expected finite numbers only; further ones are only counted",
    expect.stringMatching(
      /^session log: record refused: session_id session-0, daemon validatord: record.kind NOT_ALLOWED/,
    ),
  ]);
  expect(log.stats()).toMatchObject({ refused: 2, last_error: expect.stringContaining("session-0") });
  const mended = join(temporaryDirectory(), "mended.jsonl");
  writeFileSync(mended, refused.map(({ row }) => row.replace('"fil"', '"fill"')).join("\n"));
  const { code, stdout } = await runCli(["append", "--address", address, mended]);
  expect([code, stdout]).toEqual([0, "appended 2, duplicate 0, refused 0\n"]);
  expect(ids(path)).toEqual(["session-2", "session-1", "session-0"]);
});

function setUp(path: string) {
  const told: string[] = [];
  const add = (message: string) => void told.push(message);
  const diagnostics = createDiagnostics({ info: add, warn: add });
  return { told, diagnostics, refused: createRefusedRows(path, diagnostics) };
}

test("createRefusedRows keeps 1,000 rows, and says that it has them", () => {
  const path = join(temporaryDirectory(), "refused.jsonl");
  const { told, diagnostics, refused } = setUp(path);
  for (let row = 0; row < 1_100; row++) refused.add(undefined, [violation], 3);
  refused.write();
  refused.write();
  diagnostics.write();
  expect(readLines(path)).toHaveLength(1_000);
  expect(readLines(path)[999]).toEqual({ line: 1_000, violations: [violation], violations_omitted: 2, row: null });
  expect(told).toEqual([`session log: ${path} has its most rows; further refused rows are only counted`]);
});

test("createRefusedRows says once that it cannot write, and does nothing without a file", () => {
  const { told, diagnostics, refused } = setUp("/no/such/directory/refused.jsonl");
  for (let row = 0; row < 2; row++) {
    refused.add(new Uint8Array(), [violation], 1);
    refused.write();
  }
  diagnostics.write();
  expect(told).toHaveLength(1);
  expect(told[0]).toContain("refused rows cannot be written to /no/such/directory/refused.jsonl: Error: ENOENT");
  const off = setUp("");
  off.refused.add(new Uint8Array(), [violation], 1);
  off.refused.write();
  off.diagnostics.write();
  expect(off.told).toEqual([]);
});

test("refuses artifacts of sessions that cannot be sent, by session, and throws nothing", async () => {
  const { address, path } = await serve();
  const log = quickLogger(address);
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const broken = Object.defineProperty({}, "n", {
    enumerable: true,
    get: () => {
      throw new Error("broken");
    },
  });
  const artifacts = [cyclic, broken, { list: new Array(1e9) }, { n: 1n }];
  for (const [number, artifact] of artifacts.entries()) {
    const request = { kind: "fill", trace_id: `session-${number}` };
    expect(await log.session(request, (session) => session.accept(artifact))).toBe(artifact);
  }
  expect(await log.close()).toBe(true);
  log.startSession({ kind: "fill" }).end();
  expect(log.stats()).toMatchObject({ appended: 0, refused: 4, dropped: 1 });
  expect(ids(path)).toEqual([]);
  expect(log.told.map((line) => /session_id session-(\d).* record\.artifact (\w+)/.exec(line)?.slice(1))).toEqual([
    ["0", "TOO_DEEP"],
    ["1", "INVALID_FORMAT"],
    ["2", "TOO_LONG"],
  ]);
});
