import { InvalidArgumentError } from "commander";
import type { ValueType } from "../config/values.js";

/** Makes commander read an option's text as settings are read. */
export function valueParser<T>(type: ValueType<T>): (text: string) => T {
  return (text) => {
    const reading = type.read(type.fromText(text), "/");
    if (reading === undefined) throw new InvalidArgumentError(`Expected ${type.expected}.`);
    return reading.value;
  };
}
