import { describe, expect, test } from "vitest";
import {
  cutName,
  journalNames,
  parseCutName,
  parsePosition,
  printPosition,
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

describe("parsePosition", () => {
  test.each([{ first_sequence: 1 }, { first_sequence: 5, next_sequence: 5 }, { first_sequence: 5, next_sequence: 9 }])(
    "parsePosition takes what printPosition gives: %j",
    (position) => expect(parsePosition(printPosition(position))).toEqual(position),
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
  ])("parsePosition knows nothing from %j", (text) => expect(parsePosition(text)).toBeUndefined());
});
