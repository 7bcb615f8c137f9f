import { expect, test } from "vitest";
import { flagOf, listSettings, variableOf } from "../../src/config/settings.js";

test("listSettings has only right defaults, different names and one line of help", () => {
  const settings = listSettings();
  const short = settings.flatMap(({ short }) => (short === undefined ? [] : [`--${short}`]));
  const flags = [...settings.map(flagOf), ...short, "--config"];
  expect(new Set(flags).size).toBe(flags.length);
  expect(new Set(settings.map(variableOf)).size).toBe(settings.length);
  for (const { help } of settings) expect(help).toMatch(/^[a-z][^\n]+[^.]$/);
});

test("flagOf and variableOf follow from section and key", () => {
  const setting = listSettings().find(({ key }) => key === "queue_bytes");
  expect(setting && flagOf(setting)).toBe("--log-queue-bytes");
  expect(setting && variableOf(setting)).toBe("SESSIONLOG_LOG_QUEUE_BYTES");
});
