import { describe, expect, test } from "vitest";
import { judgeLine } from "../../../src/record/index.js";
import { ODD_LINES, SOUND } from "../../support/odd_lines.js";

const LINE_BYTES_MAX = 16 * 1024 * 1024;

describe("judgeLine", () => {
  test.each(ODD_LINES.filter(({ first }) => first !== true))("judgeLine of $name: $verdict", ({ bytes, verdict }) => {
    const expected = verdict === "row without a time" ? "row" : verdict;
    expect(judgeLine(bytes.length > LINE_BYTES_MAX ? undefined : bytes).kind).toBe(expected);
  });

  test("judgeLine takes for JSON what JSON.parse takes for it, whatever byte of a row is another or missing", () => {
    const row = SOUND.replace('{"fills":[]}', '{"a":[1.5e-3,-0,true,null,{"b":"\\n\\u00e9"}],"c":{}}');
    const isJson = (text: string) => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    let json = 0;
    for (let at = 0; at < row.length; at++) {
      for (const other of [
        "",
        "0",
        "1",
        "-",
        ".",
        "e",
        "+",
        ",",
        ":",
        '"',
        "\\",
        "{",
        "}",
        "[",
        "]",
        " ",
        "\t",
        "\f",
        "u",
      ]) {
        const text = row.slice(0, at) + other + row.slice(at + 1);
        const judged = judgeLine(Buffer.from(text));
        const is_doubled = judged.kind === "unreadable" && judged.why.description === "is given twice";
        expect([text, judged.kind !== "unreadable" || is_doubled]).toEqual([text, isJson(text)]);
        json += isJson(text) ? 1 : 0;
      }
    }
    expect(json).toBeGreaterThan(1000);
  });

  test.each([
    ['{"a":1,"a":2}', true],
    ['{"a":1,"\\u0061":2}', true],
    ['{"a":{"b":1},"c":{"b":2}}', false],
    ['[{"a":1},{"a":1}]', false],
    [`{${Array.from({ length: 40 }, (_, n) => `"k${n}":${n}`).join(",")}}`, false],
    [`{${Array.from({ length: 40 }, (_, n) => `"k${n % 39}":${n}`).join(",")}}`, true],
    ['{"a":{"x":1},"b":2,"a":3}', true],
  ])("judgeLine of an artifact %s says that a key is there twice: %j", (artifact, ambiguous) => {
    const line = Buffer.from(SOUND.replace('{"fills":[]}', artifact));
    expect(judgeLine(line)).toEqual({ kind: "row", ambiguous });
  });

  test.each([
    ['"x"', "x"],
    ["7", undefined],
    ['{"a":1}', undefined],
    ["[]", undefined],
    ['"session.iterate.v2"', "session.iterate.v2"],
  ])("judgeLine tells the schema %s of another program", (schema, expected) => {
    expect(judgeLine(Buffer.from(`{"schema":${schema},"a":1}`))).toEqual({ kind: "foreign", schema: expected });
    expect(judgeLine(Buffer.from(`{"a":1,"schema" : ${schema} }`))).toEqual({ kind: "foreign", schema: expected });
  });

  test("judgeLine knows the schema of a row in any spelling", () => {
    const line = SOUND.replace("session.iterate.v1", "session\\u002eiterate.v1");
    expect(judgeLine(Buffer.from(line)).kind).toBe("row");
  });

  test.each([
    ['"final_verdict"', '"finalVerdict"', "record", "has the key finalVerdict, expected final_verdict"],
    ['"verdict_kind"', '"verdictKind"', "record.attempts", "has the key verdictKind, expected verdict_kind"],
    ['"verdict_kind"', '"spanId":"1","verdict_kind"', "record.attempts", "has the key spanId, expected span_id"],
  ])("judgeLine names the key of a record in camelCase: %s as %s", (from, to, field, description) => {
    const why = { field, reason: "INVALID_FORMAT", description };
    expect(judgeLine(Buffer.from(SOUND.replace(from, to)))).toEqual({ kind: "unreadable", why, convertible: true });
  });

  test("judgeLine lets other objects have such keys", () => {
    const line = SOUND.replace('{"fills":[]}', '{"finalVerdict":[{"verdictKind":1}],"attempts":[{"spanId":1}]}');
    expect(judgeLine(Buffer.from(line))).toEqual({ kind: "row", ambiguous: false });
  });
});
