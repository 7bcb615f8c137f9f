import { expect, test } from "vitest";
import { cutText, toText } from "../../src/record/text.js";
import { readCases } from "../cases.js";

interface TextCase {
  readonly name: string;
  readonly text?: string;
  readonly bytes?: string;
  readonly code_points_max?: number;
  readonly expected: string;
}

test.each(readCases<TextCase>("text.jsonl"))("case: $name", ({ text, bytes, code_points_max, expected }) => {
  const given = text ?? Buffer.from(bytes ?? "", "hex");
  const kept = code_points_max === undefined ? toText(given) : cutText(given, code_points_max);
  // Lone surrogates of a string become U+FFFD where it is encoded.
  expect(new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(kept))).toBe(expected);
});
