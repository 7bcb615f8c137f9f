import { describe, expect, test } from "vitest";
import {
  eachFilter,
  filterQuery,
  filterText,
  hrefOf,
  type Place,
  parsePlace,
  toggled,
  without,
} from "../../../../src/view/app/state/place.js";

const nowhere: Place = { page: "overview", filters: {}, session: undefined, panel: undefined, sql: undefined };
const parse = (address: string) => {
  const url = new URL(address, "http://127.0.0.1/token/");
  return parsePlace(url);
};

describe("parsePlace and hrefOf", () => {
  test.each<Place>([
    nowhere,
    { ...nowhere, filters: { since: "30d", kind: ["fill"], model: ["qwen3:8b"] }, session: "fec5120f" },
    { ...nowhere, page: "sessions", filters: { model: ["", "a b"], daemon: ["x"], alarm: "any", pattern: "vvv" } },
    {
      ...nowhere,
      filters: { reason: 'a "…" & b=c#d', find: "ü%", until: "2026-11-01", provider: ["p"], verdict: ["accepted"] },
    },
    { ...nowhere, page: "sql", sql: "SELECT '?&#'\nFROM sessions" },
    { ...nowhere, panel: "infra-errors" },
  ])("are each other's inverse: %j", (place) => {
    expect(parse(hrefOf(place))).toEqual(place);
  });

  test("give links that people can read", () => {
    const place: Place = {
      ...nowhere,
      filters: { since: "30d", kind: ["fill"], model: ["qwen3:8b"] },
      session: "fec5120f",
    };
    expect(hrefOf(place)).toBe("?since=30d&kind=fill&model=qwen3:8b#s=fec5120f");
    expect(hrefOf(nowhere)).toBe("?");
  });

  test("parsePlace leaves out what it does not know", () => {
    expect(parse("?view=admin&alarm=maybe&since=&x=1#y=2")).toEqual(nowhere);
  });
});

test("without removes a filter, or one of its values", () => {
  const filters = { kind: ["fill", "email"], alarm: "any" as const };
  expect(without(filters, "kind", "fill")).toEqual({ kind: ["email"], alarm: "any" });
  expect(without({ kind: ["fill"] }, "kind", "fill")).toEqual({});
  expect(without(filters, "alarm")).toEqual({ kind: ["fill", "email"] });
});

test("toggled chooses one value, and the same one again removes it", () => {
  expect(toggled({ model: ["a"] }, "model", "b")).toEqual({ model: ["b"] });
  expect(toggled({ model: ["a"] }, "model", "a")).toEqual({});
});

test("filterQuery and eachFilter have every value", () => {
  const filters = { since: "7d", kind: ["a", "b"], model: [""], alarm: "unchecked" as const };
  expect(filterQuery(filters).toString()).toBe("since=7d&kind=a&kind=b&model=&alarm=unchecked");
  expect(eachFilter(filters).map(([name, value]) => filterText(name, value))).toEqual([
    "since: 7d",
    "kind: a",
    "kind: b",
    "model: (none)",
    "unchecked",
  ]);
});
