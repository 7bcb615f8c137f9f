// A log with a segment that is compressed with zstd: read where Node has it, and said in one line where not.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checksumLine } from "../query/support.js";
import { compressedFor, HAS_ZSTD, ZSTD_FILE } from "../support/compression.js";
import { startTestServer } from "../support/server.js";
import { segment } from "./sealed_journal.js";
import { rowText, runCli, temporaryDirectory } from "./support.js";

const SEGMENT = `${segment(1, 1)}.zst`;
const ABSENT = `zstd needs Node 22.15 or later, this is Node ${process.versions.node}`;
/** An accepted fill, its keys in the service's order. */
function fill(id: string): string {
  const { duration_ms, ...row } = JSON.parse(rowText({ session_id: id, final_verdict: "accepted" }));
  const artifact = { fills: [{ candidate_id: "w-1" }] };
  return `${JSON.stringify({ ...row, artifact, grounded_in_roster: true, duration_ms })}\n`;
}

/** As a service leaves it, so that questions trust the segment. */
function withChecksum(directory: string): void {
  writeFileSync(join(directory, "sessions.sha256"), checksumLine(join(directory, SEGMENT)));
}

function makeLog(change: (directory: string) => void = () => {}): string {
  const cwd = temporaryDirectory();
  mkdirSync(join(cwd, "log"));
  writeFileSync(join(cwd, "log", SEGMENT), HAS_ZSTD ? compressedFor(SEGMENT, fill("sealed")) : ZSTD_FILE);
  writeFileSync(join(cwd, "log", "sessions.jsonl"), fill("active"));
  writeFileSync(join(cwd, "roster.csv"), "worker_id\nw-1\n");
  change(join(cwd, "log"));
  return cwd;
}

test.each([
  ["query --format csv --path log --sql", ["SELECT count(*) AS n FROM sessions"], "n\n2\n"],
  ["show --path log sealed", [], "sealed  accepted"],
  ["alarm --path log", [], "ok: all 2 accepted fills are grounded"],
  ["audit --path log --roster roster.csv", [], "ok: all 2 accepted fills are stamped as on roster.csv"],
  ["verify log", [], "sound: 2 segments, 2 rows, sequences 1 to 2\n"],
  [`verify log/${SEGMENT}`, [], "checked 1, legacy 0, refused 0\n"],
  [`import --path other/sessions.jsonl log/${SEGMENT}`, [], "imported 1, duplicate 0, refused 0\n"],
  ["import --path log/sessions.jsonl roster.jsonl", [], "imported 0, duplicate 0, refused 0\n"],
])("%s", async (words, more, answer) => {
  for (const cwd of [makeLog(), makeLog(withChecksum)]) await expectAnswer(cwd, words.split(" ").concat(more), answer);
});

async function expectAnswer(cwd: string, args: readonly string[], answer: string): Promise<void> {
  writeFileSync(join(cwd, "roster.jsonl"), "");
  const { code, stdout, stderr } = await runCli(args, { cwd });
  if (HAS_ZSTD) {
    expect([stdout, stderr, code]).toEqual([expect.stringContaining(answer), expect.not.stringContaining("zstd"), 0]);
  } else {
    expect(`${stdout}${stderr}`.split("\n").filter((line) => line.includes(ABSENT))).toHaveLength(1);
    expect(`${stdout}${stderr}`).toContain(SEGMENT);
    expect(code).toBe(1);
  }
}

test("a service recognises rows of the segment as repeated, or warns that it cannot read them", async () => {
  const cwd = makeLog();
  const server = await startTestServer({ log: { path: join(cwd, "log", "sessions.jsonl") } });
  onTestFinished(async () => void (await server.close()));
  const address = ["--address", server.address];
  const { stdout } = await runCli(["append", ...address, "-"], { cwd, stdin: fill("sealed") });
  const tail = await runCli(["tail", ...address, "--from-sequence", "1"], { cwd });
  const warned = server.logs.filter((line) => JSON.stringify(line).includes(ABSENT)).map(({ path }) => path);
  if (HAS_ZSTD) {
    expect([stdout, warned]).toEqual(["appended 0, duplicate 1, refused 0\n", []]);
    expect([tail.code, tail.stdout.split("\n").length]).toEqual([0, 3]);
  } else {
    expect([stdout, new Set(warned)]).toEqual([
      "appended 1, duplicate 0, refused 0\n",
      new Set([join(cwd, "log", SEGMENT)]),
    ]);
    expect(tail.code).toBe(1);
  }
});

test("append takes a .zst file", async () => {
  const cwd = makeLog();
  const server = await startTestServer();
  onTestFinished(async () => void (await server.close()));
  const args = ["append", "--address", server.address, join("log", SEGMENT)];
  const { code, stdout, stderr } = await runCli(args, { cwd });
  if (HAS_ZSTD) expect([code, stdout]).toEqual([0, "appended 1, duplicate 0, refused 0\n"]);
  else expect([code, stderr]).toEqual([1, `sessionlog: log/${SEGMENT}: cannot read: ${ABSENT}\n`]);
});

test('[rotation] compress = "zstd" is taken, or refused with the reason', async () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "sessionlog.toml"), '[rotation]\ncompress = "zstd"\n');
  const { code, stdout, stderr } = await runCli(["check-config"], { cwd });
  const place = `${join(cwd, "sessionlog.toml")}: [rotation] compress`;
  if (HAS_ZSTD) expect([code, stdout]).toEqual([0, expect.stringContaining('compress = "zstd"')]);
  else {
    expect([code, stderr]).toEqual([
      2,
      `sessionlog: ${place}: "zstd" needs Node 22.15 or later, this is Node ${process.versions.node}\n`,
    ]);
  }
  expect(readdirSync(cwd)).toEqual(["sessionlog.toml"]);
});
