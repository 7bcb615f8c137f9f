import { expect, test } from "vitest";
import { nearest } from "../../src/config/nearest.js";

const keys = ["path", "durability", "queue_rows", "queue_bytes"];

test.each([
  ["queue_byte", "queue_bytes"],
  ["queue_bytess", "queue_bytes"],
  ["qeuue_rows", "queue_rows"],
  ["queue-rows", "queue_rows"],
  ["QUEUE_ROWS", "queue_rows"],
  ["pth", "path"],
  ["durabilty", "durability"],
  ["colour", undefined],
  ["x", undefined],
  ["", undefined],
  ["queue_bytes_and_much_more", undefined],
])("nearest finds for %j: %j", (word, expected) => {
  expect(nearest(word, keys)).toBe(expected);
});
