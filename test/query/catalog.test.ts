import { expect, test } from "vitest";
import { listQueries, namedSql, parseQuery, readViews } from "../../src/query/catalog.js";

test("listQueries finds every query with a title, a description and its parameters", () => {
  const queries = listQueries();
  expect(queries.map(({ name }) => name)).toEqual([
    "alarm",
    "attempts-distribution",
    "audit",
    "first-shot",
    "first-shot-weeks",
    "grounded-share",
    "infra-errors",
    "model-regressions",
    "no-retry",
    "outcomes",
    "refusal-reasons",
    "refusal-weeks",
    "replay-runs",
    "replay-unmatched",
    "session",
    "silent-daemons",
    "three-refusals",
  ]);
  for (const { name, title, description, sql } of queries) {
    expect(title, name).toMatch(/^[A-Z].+[^.]$/);
    expect(description, name).toMatch(/\.$/);
    expect(namedSql(name)).toBe(sql);
  }
});

test("listQueries names each parameter that the SQL reads, and no other, with its default", () => {
  for (const { name, sql, parameters } of listQueries()) {
    const variables = new Set([...sql.matchAll(/getvariable\('(\w+)'\)/g)].map(([, variable]) => variable));
    const named = parameters.filter(({ type }) => type !== "file");
    expect(new Set(named.map((parameter) => parameter.name)), name).toEqual(variables);
    for (const parameter of parameters) {
      const byDefault = /\(default: (.+)\)$/.exec(parameter.help)?.[1];
      expect(byDefault === undefined, `${name} ${parameter.name}`).toBe(parameter.required);
      const literal = new RegExp(`coalesce\\(getvariable\\('${parameter.name}'\\), '?([^')]+)'?\\)`);
      const stated = literal.exec(sql)?.[1];
      if (byDefault !== undefined && byDefault !== "any number")
        expect(stated, `${name} ${parameter.name}`).toBe(byDefault);
    }
  }
});

test("parseQuery reads parameters", () => {
  const sql =
    "-- Title\n--\n-- What it\n-- tells.\n--\n-- Parameters:\n--   a_b file of id, required: the file\n" +
    "--   c one|two: which (default: one)\nSELECT 1;\n";
  expect(parseQuery("x", sql)).toEqual({
    name: "x",
    title: "Title",
    description: "What it\ntells.",
    parameters: [
      { name: "a_b", type: "file", choices: [], column: "id", required: true, help: "the file" },
      { name: "c", type: "choice", choices: ["one", "two"], required: false, help: "which (default: one)" },
    ],
    sql,
  });
});

test.each(["SELECT 1", "-- Title\nSELECT 1", "-- Title\n--\n-- Text.\n--\n-- Parameters:\n--   a: b\nSELECT 1"])(
  "parseQuery refuses %j",
  (sql) => {
    expect(() => parseQuery("x", sql)).toThrow("queries/x.sql: ");
  },
);

test("readViews makes the views and the macros that the queries read", () => {
  expect([...readViews().matchAll(/CREATE OR REPLACE (?:VIEW|MACRO) (\w+)/g)].map(([, name]) => name)).toEqual([
    "journal",
    "sessions",
    "attempts",
    "is_answered",
    "is_first_shot",
    "week_of",
    "fold_refusals",
  ]);
});
