import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { makeJournal, type SealedJournal, segment } from "../sealed_journal.js";
import { rowText, runCli, temporaryDirectory } from "../support.js";

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 0x20;
  writeFileSync(path, bytes);
}

describe("verifyDirectory", () => {
  test.each<[string, "none" | "gzip", (made: SealedJournal) => void, string[]]>([
    [
      "a gap",
      "none",
      ({ inside }) => rmSync(inside(segment(3, 4))),
      [
        `${segment(5, 6)}: sequences 3 to 4 are missing before it`,
        `${segment(3, 4)}: is listed in sessions.sha256, but missing`,
      ],
    ],
    [
      "an overlap",
      "none",
      ({ inside }) =>
        writeFileSync(inside(segment(4, 5)), `${rowText({ session_id: "s-4" })}\n${rowText({ session_id: "s-5" })}\n`),
      [
        `${segment(4, 5)}: begins at sequence 4, expected 5: two files claim the same rows`,
        `${segment(5, 6)}: begins at sequence 5, expected 6: two files claim the same rows`,
        `${segment(4, 5)}: note: has no checksum in sessions.sha256 yet`,
      ],
    ],
    [
      "a flipped byte in a gzipped file",
      "gzip",
      ({ inside }) => flip(inside(`${segment(3, 4)}.gz`), 60),
      [expect.stringMatching(/^sessions-.*4\.jsonl\.gz: cannot be read( after row \d)?: damaged gzip: \S/)],
    ],
    [
      "a truncated gzipped file",
      "gzip",
      ({ inside }) => {
        const path = inside(`${segment(3, 4)}.gz`);
        writeFileSync(path, readFileSync(path).subarray(0, -9));
      },
      [
        expect.stringMatching(
          /^sessions-.*4\.jsonl\.gz: cannot be read( after row \d)?: damaged gzip: unexpected end of file$/,
        ),
      ],
    ],
    [
      "other bytes than the checksum says",
      "none",
      ({ inside }) => flip(inside(segment(1, 2)), readFileSync(inside(segment(1, 2))).indexOf("welder")),
      [`${segment(1, 2)}: does not match its checksum in sessions.sha256`],
    ],
    [
      "fewer rows than the name says",
      "gzip",
      ({ inside }) => {
        const path = inside(`${segment(3, 4)}.gz`);
        const text = gunzipSync(readFileSync(path)).toString();
        writeFileSync(path, gzipSync(text.slice(0, text.indexOf("\n") + 1)));
      },
      [
        `${segment(3, 4)}.gz: does not match its checksum in sessions.sha256`,
        `${segment(3, 4)}.gz: expected 2 rows by its name, found 1`,
      ],
    ],
    [
      "a twin with other rows",
      "none",
      ({ inside }) => writeFileSync(inside(`${segment(1, 2)}.gz`), gzipSync("{}\n{}\n")),
      [`${segment(1, 2)}.gz: has other rows than ${segment(1, 2)}`],
    ],
    [
      "a torn last line",
      "none",
      ({ inside }) => appendFileSync(inside("sessions.jsonl"), rowText().slice(0, 40)),
      ["sessions.jsonl:2: record INVALID_ENCODING: the last line is torn: expected a whole JSON object and a newline"],
    ],
    [
      "a row that breaks the schema",
      "none",
      ({ inside }) => appendFileSync(inside("sessions.jsonl"), `${rowText({ duration_ms: -1 })}\n`),
      [expect.stringMatching(/^sessions\.jsonl:2: record\.duration_ms OUT_OF_RANGE: /)],
    ],
    [
      "a repair under way",
      "none",
      ({ inside }) => writeFileSync(inside("sessions.jsonl.torn-20260502T052209.123Z.cut-10"), "{}\n"),
      [
        "sessions.jsonl.torn-20260502T052209.123Z.cut-10: contains rows that an interrupted repair has to restore; the next start completes it",
      ],
    ],
    [
      "an active file that is gone",
      "none",
      ({ inside }) => renameSync(inside("sessions.jsonl"), inside("sessions.jsonl.1")),
      [
        "sessions.jsonl.1: note: is not a file of a session log",
        "sessions.jsonl: note: is missing; the next start creates it",
        "sessions.jsonl: sequence 7 is missing at its end, according to sessions.state",
      ],
    ],
    [
      "a state that says nothing",
      "none",
      ({ inside }) => writeFileSync(inside("sessions.state"), "{}"),
      ['sessions.state: contains no sequence; expected {"first_sequence":N}'],
    ],
    [
      "a state that leaves a gap",
      "none",
      ({ inside }) => writeFileSync(inside("sessions.state"), '{"first_sequence":9}\n'),
      ["sessions.jsonl: sequences 7 to 8 are missing before it"],
    ],
    [
      "a name that cannot be",
      "none",
      ({ inside }) => writeFileSync(inside(segment(9, 8)), ""),
      [`${segment(9, 8)}: its name contains an impossible range of sequences`],
    ],
    [
      "a list of checksums with other lines",
      "none",
      ({ inside }) => appendFileSync(inside("sessions.sha256"), `hello\n${"0".repeat(64)}  ../x\n`),
      [
        "sessions.sha256: contains lines that are not checksums, or repeat one: 1",
        'sessions.sha256: lists "../x", which is not a segment of this session log',
      ],
    ],
  ])("verifyDirectory names %s", async (_what, compress, damage, expected) => {
    const made = await makeJournal(compress);
    damage(made);
    const { code, stdout, stderr } = await made.verify();
    const lines = stdout.trimEnd().split("\n");
    expect(lines.slice(0, -1).map((line) => line.replace(/^data\//, ""))).toEqual(expected);
    const problems = lines.filter((line) => line.startsWith("data/") && !line.includes(": note: ")).length;
    expect(lines.at(-1)).toMatch(
      new RegExp(`^not sound: ${problems} problems? in data; [345] segments, \\d rows, sequences 1 to \\d+$`),
    );
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  });
});

describe("verify and query of a directory", () => {
  const ours = `${rowText({ session_id: "s-1" })}\n`;
  const others = '{"level":"info"}\n';

  test.each<[string, Record<string, string>, readonly string[]]>([
    ["an archived log beside another program's", { "sessions.jsonl": ours, "other.jsonl": others }, ["sessions"]],
    [
      "the same and a .state of another program",
      { "sessions.jsonl": ours, "other.jsonl": others, "foo.state": "running" },
      ["sessions"],
    ],
    [
      "a service's log beside another program's",
      { "sessions.state": '{"first_sequence":1}\n', "sessions.jsonl": ours, "other.jsonl": others },
      ["sessions"],
    ],
    [
      "a log that a service has just begun",
      { "sessions.jsonl": "", "sessions.jsonl.lock": "", "other.jsonl": "" },
      ["sessions"],
    ],
    ["a sealed segment alone", { [segment(1, 1)]: ours }, ["sessions"]],
    ["two logs", { "a.jsonl": ours, "b.jsonl": ours, "b.state": '{"first_sequence":1}\n' }, ["a", "b"]],
    ["no log", { "other.jsonl": others, "foo.state": "running", "foo.jsonl.lock": "" }, []],
  ])("verify and query find the same session logs: %s", async (_what, files, stems) => {
    const cwd = temporaryDirectory();
    for (const [file, content] of Object.entries(files)) writeFileSync(join(cwd, file), content);
    const verified = await runCli(["verify", "."], { cwd });
    const queried = await runCli(["query", "--path", ".", "--sql", "SELECT session_id FROM sessions"], { cwd });
    const none = "there is no session log here";
    expect(verified.stdout.includes(none)).toBe(stems.length === 0);
    if (stems.length > 1) expect(verified.stdout).toContain(`${stems.length} session logs`);
    if (stems.length === 1) expect(queried).toMatchObject({ code: 0, stderr: "" });
    const why = "other.jsonl: contains no row of a session log; another program's file";
    if (stems.length === 0) expect(queried.stderr).toBe(`sessionlog: ${cwd}: ${none}; ${why}\n`);
    const logs = stems.map((stem) => `${stem}.jsonl`).join(", ");
    const several = `sessionlog: ${cwd}: there are several session logs here, name one of ${logs}\n`;
    if (stems.length > 1) expect(queried.stderr).toBe(several);
  });
});
