import { expect, test } from "vitest";
import { createPlaces } from "../../../src/rpc/limits/places.js";

test("createPlaces starts as much work as there are places, and the next when one is released", () => {
  const places = createPlaces(2);
  const started: string[] = [];
  const [first, , third] = ["a", "b", "c", "d"].map((name) => places.take(() => started.push(name)));
  expect(started).toEqual(["a", "b"]);
  third?.();
  expect(started).toEqual(["a", "b"]);
  first?.();
  expect(started).toEqual(["a", "b", "d"]);
});

test("createPlaces has its places again once all are released", () => {
  const places = createPlaces(1);
  const started: string[] = [];
  for (const name of ["a", "b"]) places.take(() => started.push(name))();
  expect(started).toEqual(["a", "b"]);
});
