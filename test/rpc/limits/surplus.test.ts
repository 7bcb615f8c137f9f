import { expect, test } from "vitest";
import { createSurplus } from "../../../src/rpc/limits/surplus.js";

const MIB = 1024 * 1024;

test("createSurplus finds what no call explains, above the rate", () => {
  const surplus = createSurplus({ stall_bytes_per_second: 10 * MIB });
  expect(surplus.sweep(2 * MIB, 0, 100)).toBe(false);
  expect(surplus.sweep(4 * MIB, 0, 100)).toBe(true);
});

test("createSurplus minds no calls, however many and large", () => {
  const surplus = createSurplus({ stall_bytes_per_second: MIB });
  let socket_bytes = 0;
  const found: boolean[] = [];
  for (let sweep = 0; sweep < 100; sweep += 1) {
    for (let call = 0; call < 1_000; call += 1) {
      surplus.countCall(100);
      found.push(surplus.countFrame(1_000));
      socket_bytes += 1_300;
    }
    for (let frame = 0; frame < 6_000; frame += 1) {
      found.push(surplus.countFrame(16_384));
      socket_bytes += 16_393;
    }
    found.push(surplus.sweep(socket_bytes, 0, 1_000));
  }
  expect(found.includes(true)).toBe(false);
});

test("createSurplus waits for bodies that are not read yet", () => {
  const surplus = createSurplus({ stall_bytes_per_second: MIB });
  expect(surplus.sweep(6 * MIB, 6 * MIB, 100)).toBe(false);
  for (let frame = 0; frame < 6 * 64; frame += 1) surplus.countFrame(16_384);
  expect(surplus.sweep(6 * MIB, 0, 100)).toBe(false);
  expect(surplus.sweep(6 * MIB, 0, 10_000)).toBe(false);
});

test("createSurplus finds bodies in tiny frames at once", () => {
  const surplus = createSurplus({ stall_bytes_per_second: MIB });
  const found = Array.from({ length: 6_000 }, () => surplus.countFrame(1));
  expect(found.indexOf(true)).toBe(5_000);
  const slow = createSurplus({ stall_bytes_per_second: MIB });
  let socket_bytes = 0;
  const cut_at = Array.from({ length: 20 }, (_, sweep) => sweep).find(() => {
    for (let frame = 0; frame < 4_000; frame += 1) slow.countFrame(1);
    socket_bytes += 40_000;
    return slow.sweep(socket_bytes, 0, 100);
  });
  expect(cut_at).toBeLessThan(10);
});
