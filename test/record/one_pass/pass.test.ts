import { expect, test } from "vitest";
import {
  beginRecord,
  createPass,
  endRecord,
  type Pass,
  readNumber,
  take,
  writeDigits,
  writeNumber,
} from "../../../src/record/one_pass/pass.js";
import { field } from "./random_values.js";

function reading(bytes: Uint8Array): Pass {
  const pass = createPass();
  beginRecord(pass, bytes);
  return pass;
}

function printed(print: (pass: Pass) => void): string {
  const pass = createPass();
  const memory = Buffer.alloc(64);
  pass.output = new DataView(memory.buffer, memory.byteOffset, memory.length);
  print(pass);
  return memory.toString("latin1", 0, pass.out);
}

test("take takes tags of one byte and of two, and no other field's", () => {
  for (const number of [1, 15, 16, 17, 127, 128, 2047]) {
    const pass = reading(field(number << 3, 5));
    for (const other of [1, 15, 16, 17, 127, 128, 2047].filter((each) => each !== number)) {
      expect(take(pass, other << 3)).toBe(false);
    }
    expect(take(pass, (number << 3) | 2)).toBe(false);
    expect([take(pass, number << 3), readNumber(pass), pass.at === pass.end, pass.regular]).toEqual([
      true,
      5,
      true,
      true,
    ]);
    expect(take(pass, number << 3)).toBe(false);
  }
  expect(take(reading(Buffer.of(0x80)), 16 << 3)).toBe(false);
});

test("readNumber reads up to 2^53 - 1, and finds more irregular", () => {
  for (const value of [0, 1, 127, 128, 300, 2 ** 31, 2 ** 32 + 5, 2 ** 49, 2 ** 53 - 1]) {
    const pass = reading(field(8, BigInt(value)).subarray(1));
    expect([readNumber(pass), pass.regular]).toEqual([value, true]);
  }
  for (const bytes of [field(8, 2n ** 53n).subarray(1), field(8, -1).subarray(1), Buffer.of(), Buffer.of(0x80)]) {
    const pass = reading(bytes);
    readNumber(pass);
    expect([pass.regular, pass.at === pass.end]).toEqual([false, true]);
  }
});

test("writeNumber prints as String does, and writeDigits with zeros before it", () => {
  for (let digits = 1; digits <= 15; digits++) {
    for (const value of [10 ** (digits - 1), 10 ** digits - 1, Math.floor(10 ** digits / 7)]) {
      expect(printed((pass) => writeNumber(pass, value))).toBe(String(value));
    }
  }
  expect(printed((pass) => writeNumber(pass, 0))).toBe("0");
  expect(printed((pass) => writeDigits(pass, 7, 9))).toBe("000000007");
  expect(printed((pass) => writeDigits(pass, 1234, 2))).toBe("34");
});

test("endRecord keeps no large request in memory", () => {
  const small = reading(Buffer.alloc(8));
  endRecord(small);
  expect(small.input.byteLength).toBe(8);
  const large = reading(Buffer.alloc(2 * 1024 * 1024));
  endRecord(large);
  expect(large.input.byteLength).toBe(0);
});
