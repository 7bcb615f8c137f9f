import { expect, test } from "vitest";
import { readHealthStatus } from "../src/health.js";

test.each([
  [[], "UNKNOWN"],
  [[0x08, 1], "SERVING"],
  [[0x08, 2], "NOT_SERVING"],
  [[0x12, 1, 0x61, 0x08, 3], "SERVICE_UNKNOWN"],
  [[0x08, 9], "UNKNOWN"],
  [[0x08, 1, 0xff], "UNKNOWN"],
])("readHealthStatus reads %j", (bytes, status) => {
  expect(readHealthStatus(Uint8Array.from(bytes))).toBe(status);
});
