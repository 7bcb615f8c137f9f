import * as struct from "@sessionlog/protocol/wire/struct";
import { expect, test } from "vitest";
import { bytesOf, goodRecord } from "../support.js";
import { double, entry } from "./random_values.js";
import { createEquality, withArtifact } from "./support.js";

test("copyArtifact prints RFC 8785's own examples", () => {
  const { compare } = createEquality();
  const example = {
    numbers: [333_333_333.333_333_3, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
    literals: [null, true, false],
  };
  expect(compare(bytesOf(goodRecord({ artifact: example })), "3.2.2")).toBe(true);
  const keys = ["\u20ac", "\r", "\ufb33", "1", "\ud83d\ude00", "\u0080", "\u00f6"];
  const sorted = Object.fromEntries(keys.map((key) => [key, key]));
  // The order of U+FB33 and U+1F600 in UTF-16 is left to the reference path.
  expect(compare(bytesOf(goodRecord({ artifact: sorted })), "3.2.3")).toBe(false);
  delete sorted["\ufb33"];
  expect(compare(bytesOf(goodRecord({ artifact: sorted })), "3.2.3, below U+E000")).toBe(true);
  // Appendix B.
  for (const bits of [
    "0000000000000000 8000000000000000 0000000000000001 8000000000000001 7fefffffffffffff ffefffffffffffff",
    "4340000000000000 c340000000000000 4430000000000000 44b52d02c7e14af5 44b52d02c7e14af6 44b52d02c7e14af7",
    "444b1ae4d6e2ef4e 444b1ae4d6e2ef4f 444b1ae4d6e2ef50 3eb0c6f7a0b5ed8c 3eb0c6f7a0b5ed8d 41b3de4355555553",
    "41b3de4355555554 41b3de4355555555 41b3de4355555556 41b3de4355555557 becbf647612f3696 43143ff3c1cb0959",
  ].flatMap((line) => line.split(" "))) {
    const value = Buffer.from(bits, "hex").readDoubleBE();
    expect(compare(withArtifact(entry("n", double(struct.VALUE_NUMBER, value))), bits)).toBe(true);
  }
  for (const bits of ["7fffffffffffffff", "7ff0000000000000"]) {
    const value = Buffer.from(bits, "hex").readDoubleBE();
    expect(compare(withArtifact(entry("n", double(struct.VALUE_NUMBER, value))), bits)).toBe(false);
  }
});
