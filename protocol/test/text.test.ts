import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countCodePoints, cutText, quoteText } from "../src/text.js";

describe("cutText", () => {
  test("keeps the first code points, and pairs whole", () => {
    expect(cutText("🛠🛠🛠", 2)).toBe("🛠🛠");
    expect(cutText("a🛠b", 2)).toBe("a🛠");
    expect(cutText("🛠".repeat(10), 10)).toBe("🛠".repeat(10));
    expect(cutText("abc", 0)).toBe("");
    expect(cutText("", 5)).toBe("");
  });

  test("cuts as a list of code points is cut", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat({ max: 12 }), (text, max) => {
        expect(cutText(text, max)).toBe([...text].slice(0, max).join(""));
      }),
    );
  });
});

describe("countCodePoints", () => {
  test("counts a pair once", () => {
    expect(countCodePoints("a🛠é")).toBe(3);
  });
});

describe("quoteText", () => {
  test("prints as JSON.stringify does", () => {
    for (let code = 0; code <= 0xffff; code++) {
      const text = `<${String.fromCharCode(code)}>`;
      if (quoteText(text) !== JSON.stringify(text)) expect.fail(`U+${code.toString(16)}`);
    }
    const texts = fc.string({ unit: "binary", maxLength: 3000, size: "max" });
    fc.assert(fc.property(texts, (text) => quoteText(text) === JSON.stringify(text)));
  });
});
