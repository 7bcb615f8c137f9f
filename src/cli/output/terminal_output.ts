import { randomBytes } from "node:crypto";
import type { Output } from "../context.js";
import { escapeControls } from "./text.js";

/** Stands for ESC and carriage return in text of the program's own. Data cannot contain it. */
const KEY = randomBytes(8).toString("hex");
const MARKS = { "\u001b": `\u001b${KEY}e`, "\r": `\u001b${KEY}r` };

/** Text whose ESC and carriage returns `toTerminal` passes on: colours, and what removes a line. For text of the program's own only. */
export function control(text: string): string {
  return text.replaceAll(/[\u001b\r]/g, (char) => (char === "\r" ? MARKS[char] : MARKS["\u001b"]));
}

/** The text with everything escaped that a terminal would obey or hide, but for newlines, tabs and what `control` made. */
export function terminalText(text: string): string {
  return text
    .split(MARKS["\r"])
    .map((line) => line.split(MARKS["\u001b"]).map(escapeData).join("\u001b"))
    .join("\r");
}

const escapeData = (text: string) => escapeControls(text, "\n\t");

/**
 * The stream for the commands to write to: on a terminal, every text goes through `terminalText`, so that a text of a session log or
 * of a message cannot do more than be read. JSON stays the same value. Elsewhere the stream itself: bytes stay as they are.
 */
export function toTerminal(output: Output): Output {
  if (output.isTTY !== true) return output;
  const write = (text: string | Uint8Array, ...rest: []) => output.write(terminalText(String(text)), ...rest);
  return new Proxy(output, {
    get(target, key) {
      if (key === "write") return write;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
