import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import { describe, expect, test } from "vitest";
import * as quantities from "../../src/config/quantities.js";
import * as values from "../../src/config/values.js";

describe("size", () => {
  const type = quantities.size("1KiB", "1GiB");
  test.each([
    [1024, 1024, '"1KiB"'],
    [1025, 1025, '"1025B"'],
    ["4096", 4096, '"4KiB"'],
    ["64MiB", 67_108_864, '"64MiB"'],
    ["1GiB", 1_073_741_824, '"1GiB"'],
    ["1536KiB", 1_572_864, '"1536KiB"'],
    ["2048B", 2048, '"2KiB"'],
  ])("size reads %j", (raw, value, toml) => {
    expect(type.read(raw, "/")).toEqual({ value, toml });
  });
  test.each([1023, "2GiB", "64MB", "64 MiB", "-1", "1.5MiB", 4096.5, "", true, null, "99999999999999999999", "1e3"])(
    "size refuses %j",
    (raw) => {
      expect(type.read(raw, "/")).toBeUndefined();
    },
  );
});

describe("duration", () => {
  const type = quantities.duration("100ms", "1h", "no limit");
  test.each([
    ["100ms", 100, '"100ms"'],
    ["1500ms", 1500, '"1500ms"'],
    ["10s", 10_000, '"10s"'],
    ["90s", 90_000, '"90s"'],
    ["120s", 120_000, '"2m"'],
    ["1h", 3_600_000, '"1h"'],
    ["0s", 0, '"0s"'],
    ["0ms", 0, '"0s"'],
  ])("duration reads %j", (raw, value, toml) => {
    expect(type.read(raw, "/")).toEqual({ value, toml });
  });
  test.each(["99ms", "2h", "10", 10, "10 s", "1m30s", "", "s"])("duration refuses %j", (raw) => {
    expect(type.read(raw, "/")).toBeUndefined();
  });
  test("duration refuses zero unless it means something", () => {
    expect(quantities.duration("100ms", "1h").read("0s", "/")).toBeUndefined();
  });
});

test.each([
  ["count", values.count(1, 10), "7", 7, "7"],
  ["truth", values.truth(), "true", true, "true"],
  ["truth", values.truth(), "false", false, "false"],
  ["choice", values.choice("fsync", "written"), "written", "written", '"written"'],
  ["compression", values.compression(), "gzip", "gzip", '"gzip"'],
  ["names", values.names(), "fill, e-mail", ["fill", "e-mail"], '["fill", "e-mail"]'],
  ["nameOrNone", values.nameOrNone(), "", "", '""'],
  ["address", values.address(), "[::1]:0", "[::1]:0", '"[::1]:0"'],
  ["jsonlPath", values.jsonlPath(), "a/../b.jsonl", "/base/b.jsonl", '"/base/b.jsonl"'],
  ["jsonlPath", values.jsonlPath(), "/c.jsonl", "/c.jsonl", '"/c.jsonl"'],
])("%s reads the text of a flag", (_name, type: values.ValueType<unknown>, text, value, toml) => {
  expect(type.read(type.fromText(text), "/base")).toEqual({ value, toml });
});

test.each([
  ["count", values.count(1, 10), [0, 11, 1.5, "3", "", true]],
  ["truth", values.truth(), ["true", 1, "yes"]],
  ["choice", values.choice("fsync", "written"), ["Fsync", "", 1]],
  ["compression", values.compression(), ["zst", "", 1]],
  ["names", values.names(), [[], "fill", ["a", "a"], ["a b"], [""], [1], ["x".repeat(65)]]],
  ["nameOrNone", values.nameOrNone(), ["a b", "x".repeat(65), 1]],
  ["address", values.address(), ["50051", 50051]],
  ["jsonlPath", values.jsonlPath(), ["log.json", ".jsonl", "dir/.jsonl", "a.jsonl/", "a\0.jsonl", "", 1]],
])("%s refuses what is not such a value in a file", (_name, type: values.ValueType<unknown>, raws) => {
  for (const raw of raws) expect(type.read(raw, "/"), JSON.stringify(raw)).toBeUndefined();
});

test("nameOrNone follows the rule that the row's schema has for daemons", () => {
  const { minLength, maxLength, pattern } = sessionSchema.properties.daemon;
  const rule = new RegExp(pattern, "u");
  const samples = ["a".repeat(minLength), "a".repeat(maxLength), "a".repeat(maxLength + 1)];
  for (let code = 0; code < 0x180; code++) samples.push(`a${String.fromCharCode(code)}`);
  for (const name of samples) {
    const right = name.length >= minLength && name.length <= maxLength && rule.test(name);
    expect(values.nameOrNone().read(name, "/") !== undefined, JSON.stringify(name)).toBe(right);
  }
});
