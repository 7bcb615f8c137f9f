import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { COMPRESS } from "../../support/compression.js";
import { makeJournal, segment } from "../sealed_journal.js";
import { rowText, runCli, temporaryDirectory } from "../support.js";

describe("verify of a directory", () => {
  test.each(COMPRESS)("verify finds a journal sound that is compressed with %s", async (compress) => {
    const { verify } = await makeJournal(compress);
    expect(await verify()).toEqual({ code: 0, stdout: "sound: 4 segments, 7 rows, sequences 1 to 7\n", stderr: "" });
  });

  test("verify changes nothing, and takes the configured journal without a path", async () => {
    const { cwd, inside } = await makeJournal();
    const before = readdirSync(inside(".")).map((name) => [name, readFileSync(inside(name), "latin1")]);
    const args = ["verify", "--path", "data/sessions.jsonl"];
    expect(await runCli(args, { cwd })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sound: 4 segments/) });
    expect(readdirSync(inside(".")).map((name) => [name, readFileSync(inside(name), "latin1")])).toEqual(before);
  });

  test("verify finds the configured journal's segments beside the file that a link leads to", async () => {
    const { cwd } = await makeJournal();
    symlinkSync("data/sessions.jsonl", join(cwd, "link.jsonl"));
    expect(await runCli(["verify", "--path", "link.jsonl"], { cwd })).toMatchObject({
      code: 0,
      stdout: "sound: 4 segments, 7 rows, sequences 1 to 7\n",
    });
  });

  test("verify follows no link that is named as a segment", async () => {
    const { inside, verify } = await makeJournal();
    renameSync(inside(segment(3, 4)), inside("taken"));
    symlinkSync("taken", inside(segment(3, 4)));
    const { code, stdout } = await verify();
    expect(code).toBe(1);
    expect(stdout).toContain(`data/${segment(3, 4)}: is not a regular file; skipped, links are not followed\n`);
    expect(stdout).toContain(`data/${segment(5, 6)}: sequences 3 to 4 are missing before it\n`);
  });

  test("verify notes what does no harm", async () => {
    const { inside, verify } = await makeJournal();
    const first = segment(1, 2);
    writeFileSync(inside(`${first}.gz`), gzipSync(readFileSync(inside(first))));
    writeFileSync(inside(`${segment(3, 4)}.gz.tmp`), "x");
    writeFileSync(inside("sessions.jsonl.torn-20260502T052209.123Z"), "{");
    writeFileSync(inside("other.jsonl"), '{"id":1}\n');
    writeFileSync(inside("empty.jsonl"), "");
    writeFileSync(inside("README"), "");
    mkdirSync(inside("reports"));
    appendFileSync(inside("sessions.jsonl"), `\n${rowText({ attempts: null })}`);
    const { code, stdout } = await verify();
    expect(stdout.replaceAll("data/", "").trimEnd().split("\n")).toEqual([
      "README: note: is not a file of a session log",
      "empty.jsonl: note: is empty; nothing shows that it is a session log",
      "other.jsonl: note: contains no row of a session log; another program's file",
      `${segment(3, 4)}.gz.tmp: note: is incomplete: a service is writing it, or was when it ended; the next start removes it`,
      "sessions.jsonl.torn-20260502T052209.123Z: note: was set aside by an earlier start",
      `${first}.gz: note: ${first} is there too and has the same rows; a service removes one of them`,
      "sessions.jsonl: note: its last row has no newline",
      "sound: 4 segments, 8 rows, 1 of them legacy, sequences 1 to 8",
    ]);
    expect(code).toBe(0);
  });

  test("verify reads every journal of a directory, and files beside it", async () => {
    const { cwd, inside } = await makeJournal();
    writeFileSync(inside("old.jsonl"), `${rowText()}\n`);
    writeFileSync(join(cwd, "more.jsonl.gz"), gzipSync(`${rowText()}\n${rowText({ daemon: "" })}\n`));
    const { code, stdout } = await runCli(["verify", "--daemon", "d", "data", "more.jsonl.gz"], { cwd });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "checked 2, legacy 1, refused 0\nsound: 2 session logs, 5 segments, 8 rows\n",
    });
  });

  test("verify says that there is no session log", async () => {
    const cwd = temporaryDirectory();
    mkdirSync(join(cwd, "data"));
    expect(await runCli(["verify", "data"], { cwd })).toEqual({
      code: 1,
      stderr: "",
      stdout: "data: there is no session log here\nnot sound: 1 problem in data; 0 segments, 0 rows\n",
    });
    expect(await runCli(["verify", "--path", "none/x.jsonl"], { cwd })).toMatchObject({
      code: 1,
      stdout: "none: cannot be read: no such file or directory\nnot sound: 1 problem in none; 0 segments, 0 rows\n",
    });
  });

  test("verify says why the configured journal is none", async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "x.jsonl"), "[]\n");
    writeFileSync(join(cwd, "y.jsonl"), "[]\n");
    expect((await runCli(["verify", "--path", "x.jsonl"], { cwd })).stdout.split("\n")).toEqual([
      "x.jsonl: note: contains no row of a session log; another program's file",
      ".: there is no session log here named x.jsonl",
      "not sound: 1 problem in .; 0 segments, 0 rows",
      "",
    ]);
  });

  test("verify says of a gzipped file that it is damaged", async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "a.jsonl.gz"), gzipSync(`${rowText()}\n`).subarray(0, -4));
    writeFileSync(join(cwd, "b.jsonl.gz"), `${rowText()}\n`);
    const { code, stderr } = await runCli(["verify", "a.jsonl.gz", "b.jsonl.gz"], { cwd });
    expect({ code, lines: stderr.split("\n") }).toEqual({
      code: 1,
      lines: [
        "sessionlog: a.jsonl.gz: cannot read: damaged gzip: unexpected end of file",
        "sessionlog: b.jsonl.gz: cannot read: damaged gzip: incorrect header check",
        "",
      ],
    });
  });
});
