import { expect, test } from "vitest";
import { control, terminalText, toTerminal } from "../../../src/cli/output/terminal_output.js";
import { createSink } from "../support.js";

test("terminalText escapes what a terminal obeys, but for newlines, tabs and what control made", () => {
  expect(terminalText(`a\tb\n${control("\u001b[1m")}c\u001b[1m\r\u009b\u200f${control("\r\u001b[K")}`)).toBe(
    "a\tb\n\u001b[1mc\\u001b[1m\\r\\u009b\\u200f\r\u001b[K",
  );
});

test("terminalText leaves JSON the same value", () => {
  const value = { "\u009b": "\u202e\u007f\u0007 \\u001b" };
  const text = terminalText(JSON.stringify(value));
  expect(text).not.toMatch(/[\u007f-\u009f\u202e]/);
  expect(JSON.parse(text)).toEqual(value);
});

test("toTerminal escapes on a terminal only", () => {
  const [terminal, pipe] = [createSink({ isTTY: true, columns: 80 }), createSink()];
  toTerminal(terminal.stream).write("\u001b[2J");
  expect(terminal.text()).toBe("\\u001b[2J");
  expect(toTerminal(terminal.stream).columns).toBe(80);
  expect(toTerminal(pipe.stream)).toBe(pipe.stream);
});
