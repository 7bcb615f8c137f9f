import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/config.js";
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

function load(sources: { flags?: object; env?: Record<string, string>; config_flag?: string; file?: string }) {
  const { flags = {}, env = {}, config_flag, file = "" } = sources;
  const given = Object.entries(flags).map(([name, text]) => [name, { flag: "--x", text: String(text) }] as const);
  return loadConfig({ flags: new Map(given), env, config_flag, cwd: "/", readFile: () => Buffer.from(file) });
}

describe("a path that begins with ~", () => {
  const advice = 'begins with "~", which is not replaced here; write the home directory\'s path, or "./~…"';
  const paths = listSettings().filter(({ type }) => type.problem?.("~/s.jsonl") !== undefined);

  test("loadConfig knows all settings that are paths", () => {
    const named = listSettings().filter(({ type }) => type.placeholder === "<file>");
    expect(paths.map(({ key }) => key)).toEqual(named.map(({ key }) => key));
    expect(paths.length).toBeGreaterThan(1);
  });

  test.each(paths)("loadConfig refuses it for [$section] $key as flag, variable and in the file", (setting) => {
    const { section, key } = setting;
    const file = `[${section}]\n${key} = "~/s.jsonl"\n`;
    const refusal = `"~/s.jsonl" ${advice}`;
    const place = `[${section}] ${key}`;
    expect(() => load({ flags: { [`${section}.${key}`]: "~/s.jsonl" } })).toThrow(`--x (${place}): ${refusal}`);
    expect(() => load({ env: { [variableOf(setting)]: "~/s.jsonl" } })).toThrow(
      `${variableOf(setting)} ([${section}] ${key}): ${refusal}`,
    );
    expect(() => load({ config_flag: "/etc/s.toml", file })).toThrow(`[${section}] ${key}: ${refusal}`);
  });

  test.each(paths)("[$section] $key takes ./~", ({ type }) => {
    expect(type.read("./~/s.jsonl", "/base")?.value).toBe("/base/~/s.jsonl");
  });

  test("loadConfig refuses it for the configuration file", () => {
    expect(() => load({ config_flag: "~/s.toml" })).toThrow(`--config: "~/s.toml" ${advice}`);
    expect(() => load({ env: { SESSIONLOG_CONFIG: "~me/s.toml" } })).toThrow(
      `SESSIONLOG_CONFIG: "~me/s.toml" ${advice}`,
    );
  });
});
