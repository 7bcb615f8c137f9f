import { expect, test } from "vitest";
import { literal } from "../../src/query/literal.js";

test("literal writes texts as SQL does, also those that would end a statement", () => {
  expect(literal("it's")).toBe("'it''s'");
  expect(literal(7)).toBe("7");
  expect(literal(["a", "b'"])).toBe("['a', 'b''']");
  expect(literal("a\0'b")).toBe("('a' || chr(0) || '''b')");
});
