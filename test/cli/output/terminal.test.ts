import { expect, test } from "vitest";
import { cutToWidth, textWidth } from "../../../src/cli/output/terminal.js";

test.each([
  ["", 0],
  ["abc", 3],
  ["Łódź", 4],
  ["e\u0301", 1],
  ["日本", 4],
  ["🙂", 2],
  ["👨‍👩‍👧", 2],
  ["…→", 2],
  ["A\u0300\u0301", 1],
  ["한국", 4],
  ["ｱｲ", 2],
  ["ＡＢ", 4],
  ["☺\ufe0f", 2],
  ["🇩🇪", 2],
  ["✗✗✓", 3],
  ["\u200b", 0],
  ["हिन्दी", 4],
])("textWidth of %j is %d", (text, width) => {
  expect(textWidth(text)).toBe(width);
});

test("cutToWidth never cuts through a character", () => {
  expect(cutToWidth("日本語", 4)).toBe("日…");
  expect(cutToWidth("a🙂b", 3)).toBe("a…");
  expect(cutToWidth("abc", 3)).toBe("abc");
});

test("cutToWidth cuts long texts of wide characters", () => {
  expect(cutToWidth("日本".repeat(100_000), 80)).toBe(`${"日本".repeat(19)}日…`);
});
