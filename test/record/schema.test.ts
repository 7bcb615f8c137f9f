import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import { describe, expect, test } from "vitest";
import { isSessionId } from "../../src/record/index.js";
import { readGoldenAccepts } from "../support/golden.js";
import { compileForRows, goodRecord, rowOf } from "./support.js";

const validate = compileForRows();

function wrong(changes: Record<string, unknown>): string[] {
  const row = { ...JSON.parse(rowOf(goodRecord())), ...changes };
  for (const [key, value] of Object.entries(changes)) if (value === undefined) delete row[key];
  return validate(row) ? [] : (validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath}: ${keyword}`);
}

describe("compileRowSchema", () => {
  test("takes the golden rows", () => {
    for (const { row } of readGoldenAccepts()) expect(validate(JSON.parse(row))).toBe(true);
  });

  test("has a title and a description on every field", () => {
    const { attempts, ...others } = sessionSchema.properties;
    const fields = [...Object.values(others), attempts, attempts.items, ...Object.values(attempts.items.properties)];
    expect(fields).toHaveLength(15 + 1 + 4);
    for (const field of fields)
      expect(field).toMatchObject({ title: expect.stringMatching(/./), description: expect.stringMatching(/\.$/) });
  });

  test("has the row's keys in the row's order", () => {
    expect(Object.keys(sessionSchema.properties)).toEqual(Object.keys(goodRecord()));
  });

  test("wants every key but artifact and grounded_in_roster", () => {
    for (const key of Object.keys(goodRecord())) {
      const optional = key === "artifact" || key === "grounded_in_roster";
      expect(wrong({ [key]: undefined })).toEqual(optional ? [] : [": required"]);
    }
  });

  test.each<[string, unknown, string]>([
    ["extra", 1, ": additionalProperties"],
    ["schema", "session.iterate.v2", "/schema: const"],
    ["timestamp", "2026-05-02T05:22:09.10Z", "/timestamp: pattern"],
    ["timestamp", "2026-05-02T05:22:09+00:00", "/timestamp: pattern"],
    ["timestamp", "0000-05-02T05:22:09Z", "/timestamp: pattern"],
    ["kind", "invoice", "/kind: enum"],
    ["prompt", "🛠".repeat(4001), "/prompt: maxLength"],
    ["iterations", 0.5, "/iterations: type"],
    ["attempts", null, "/attempts: type"],
    ["attempts", [{ iteration: 0, verdict_kind: "accepted", error: "" }], "/attempts/0/error: minLength"],
    ["attempts", [{ iteration: 0 }], "/attempts/0: required"],
    ["artifact", null, "/artifact: type"],
    ["artifact", { a: "x".repeat(1024 * 1024 - 8 + 1) }, "/artifact: maxJsonBytes"],
    ["duration_ms", 2 ** 53, "/duration_ms: maximum"],
  ])("refuses %s of %.40j", (key, value, error) => {
    expect(wrong({ [key]: value })).toContain(error);
  });

  test("takes what is at its limit", () => {
    expect(wrong({ prompt: "🛠".repeat(4000), artifact: { a: "x".repeat(1024 * 1024 - 8) } })).toEqual([]);
  });
});

describe("isSessionId", () => {
  test.each(["a", "s".repeat(128), "0b7d2f0e-6a43-4c2e-9f63-5d1f2c9be001", "A.b_c:d-9"])("takes %s", (text) => {
    expect(isSessionId(text)).toBe(true);
  });

  test.each(["", "s".repeat(129), "a b", "a\n", "é", "a/b", "\0"])("refuses %j", (text) => {
    expect(isSessionId(text)).toBe(false);
  });
});
