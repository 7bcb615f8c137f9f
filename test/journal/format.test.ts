import { describe, expect, test } from "vitest";
import {
  cutName,
  journalNames,
  parseCutName,
  parseSegmentName,
  parseStateFile,
  printStateFile,
  segmentName,
  tornName,
} from "../../src/journal/format.js";

const names = journalNames("/var/log/sessions.jsonl");

test("journalNames begins every name with the stem", () => {
  expect(names).toMatchObject({
    directory: "/var/log",
    stem: "sessions",
    active: "/var/log/sessions.jsonl",
    lock: "/var/log/sessions.jsonl.lock",
    state: "/var/log/sessions.state",
  });
});

test("tornName has the time in it, without characters that some file systems refuse", () => {
  expect(tornName(names, Date.UTC(2026, 10, 24, 8, 43, 26, 7))).toBe(
    "/var/log/sessions.jsonl.torn-20261124T084326.007Z",
  );
});

test("parseCutName takes what cutName gives", () => {
  const torn = tornName(names, 0);
  expect(parseCutName(cutName(torn, 4711))).toEqual({ torn, offset: 4711 });
});

test.each(["sessions.jsonl.torn-20261124T084326.007Z", "sessions.jsonl.torn-x.cut-1", "sessions.jsonl", "a.cut-1"])(
  "parseCutName refuses %s",
  (name) => expect(parseCutName(name)).toBeUndefined(),
);

describe("parseStateFile", () => {
  test.each([{ first_sequence: 1 }, { first_sequence: 5, next_sequence: 5 }, { first_sequence: 5, next_sequence: 9 }])(
    "parseStateFile takes what printStateFile gives: %j",
    (state) => expect(parseStateFile(printStateFile(state))).toEqual(state),
  );

  test.each([
    "",
    "null",
    "7",
    "{}",
    "{",
    '{"first_sequence":0}',
    '{"first_sequence":1.5}',
    '{"first_sequence":"1"}',
    '{"first_sequence":9007199254740992}',
    '{"first_sequence":5,"next_sequence":4}',
    "\0\0\0\0",
  ])("parseStateFile knows nothing from %j", (text) => expect(parseStateFile(text)).toBeUndefined());
});

test("segmentName pads the sequences, and parseSegmentName reads them again", () => {
  const path = segmentName(journalNames("/data/sessions.jsonl"), 1, 42);
  expect(path).toBe("/data/sessions-00000000000000000001-00000000000000000042.jsonl");
  const name = path.slice("/data/".length);
  expect(parseSegmentName(name)).toEqual({ stem: "sessions", first: 1, last: 42, compression: undefined });
  for (const [suffix, compression] of [
    [".gz", "gzip"],
    [".zst", "zstd"],
  ]) {
    expect(parseSegmentName(name + suffix)).toEqual({ stem: "sessions", first: 1, last: 42, compression });
  }
});

test.each([
  "sessions.jsonl",
  "sessions-1-42.jsonl",
  "-00000000000000000001-00000000000000000042.jsonl",
  "sessions-00000000000000000043-00000000000000000042.jsonl",
  "sessions-00000000000000000000-00000000000000000042.jsonl",
  "sessions-00000000000000000001-00000000000000000042.jsonl.gz.tmp",
  "sessions-00000000000000000001-00000000000000000042.jsonl.zst.gz",
])("parseSegmentName passes over %s", (name) => {
  expect(parseSegmentName(name)).toBeUndefined();
});
