import { InvalidArgumentError } from "commander";
import type { ValueType } from "../../config/values.js";

/** Makes commander gather the texts of an option that may be given more than once. */
export function list(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** Makes commander read an option's text as settings are read. */
export function valueParser<T>(type: ValueType<T>): (text: string) => T {
  return (text) => {
    const reading = type.read(type.fromText(text), "/");
    if (reading === undefined) throw new InvalidArgumentError(`Expected ${type.expected}.`);
    return reading.value;
  };
}
