import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import { InvalidArgumentError, Option } from "commander";
import type { ValueType } from "../../config/values.js";

/** An option whose text is read as settings are read. */
export function valueOption<T>(flags: string, help: string, type: ValueType<T>, default_text?: string): Option {
  const parse = (text: string) => {
    const reading = type.read(type.fromText(text), "/");
    if (reading === undefined) throw new InvalidArgumentError(`Expected ${type.expected}.`);
    return reading.value;
  };
  const option = new Option(flags, help).argParser(parse);
  return default_text === undefined ? option : option.default(parse(default_text), default_text);
}

/** An option that may be given more than once: a list of texts. */
export function listOption(flags: string, help: string, check: (text: string) => string = (text) => text): Option {
  return new Option(flags, help).argParser((text, before: readonly string[] = []) => [...before, check(text)]);
}

const VERDICTS: readonly string[] = sessionSchema.properties.final_verdict.enum;

/** `--verdict`: sessions that ended so. */
export function verdictOption(): Option {
  const names = VERDICTS.join(", ");
  return listOption("--verdict <verdict>", `only sessions with this verdict (${names}); repeatable`, (text) => {
    if (!VERDICTS.includes(text)) throw new InvalidArgumentError(`Expected one of ${names}.`);
    return text;
  });
}
