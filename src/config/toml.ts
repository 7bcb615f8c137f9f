import { parse, TomlError } from "smol-toml";
import { ConfigError } from "./errors.js";

/** @throws ConfigError, one line with the place in the file that is no TOML */
export function parseToml(path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [summary = ""] = error.message.split("\n");
    const what = summary.replace(/^Invalid TOML document: /, "");
    throw new ConfigError(`${path}:${error.line}:${error.column}: not valid TOML: ${what}`);
  }
}
