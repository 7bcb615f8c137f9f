// Numbers with a unit: bytes and times.
import type { ValueType } from "./values.js";

/** Numbers with a unit. */
interface Quantity {
  readonly name: string;
  /** Largest first. */
  readonly units: readonly (readonly [name: string, factor: number])[];
  readonly examples: string;
  /** The TOML literal of 0. */
  readonly zero: string;
}

const SIZE: Quantity = {
  name: "size",
  units: [
    ["GiB", 1 << 30],
    ["MiB", 1 << 20],
    ["KiB", 1 << 10],
    ["B", 1],
    ["", 1],
  ],
  examples: '4096, "64KiB" or "4MiB"',
  zero: "0",
};
const DURATION: Quantity = {
  name: "duration",
  units: [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
    ["ms", 1],
  ],
  examples: '"500ms", "10s", "5m" or "1h"',
  zero: '"0s"',
};

/** Bytes, from `min` to `max`: an integer, or text with a unit. `zero` is what 0 means, where that is allowed too. */
export function size(min: string, max: string, zero?: string): ValueType<number> {
  return quantity(SIZE, min, max, zero);
}

/** Bytes, from `min` to `max`, or "auto", whose value is 0. */
export function sizeOrAuto(min: string, max: string): ValueType<number> {
  const type = size(min, max);
  return {
    ...type,
    expected: `${type.expected}, or "auto"`,
    read: (value, base) => (value === "auto" ? { value: 0, toml: '"auto"' } : type.read(value, base)),
  };
}

/** Milliseconds, from `min` to `max`: text with a unit. `zero` is what "0s" means, where that is allowed too. */
export function duration(min: string, max: string, zero?: string): ValueType<number> {
  return quantity(DURATION, min, max, zero);
}

function quantity(kind: Quantity, min: string, max: string, zero: string | undefined): ValueType<number> {
  const { name, units, examples } = kind;
  const [least = 0, most = 0] = [min, max].map((text) => parseQuantity(text, kind));
  const alsoZero = zero === undefined ? "" : `, or ${kind.zero} for ${zero}`;
  return {
    expected: `a ${name} from ${min} to ${max}, such as ${examples}${alsoZero}`,
    placeholder: `<${name}>`,
    read: (value) => {
      const number = parseQuantity(value, kind);
      if (number === 0 && zero !== undefined) return { value: 0, toml: kind.zero };
      if (number === undefined || !Number.isSafeInteger(number) || number < least || number > most) return undefined;
      const [unit, factor] = units.find(([, factor]) => number >= factor && number % factor === 0) ?? ["", 1];
      return { value: number, toml: JSON.stringify(`${number / factor}${unit}`) };
    },
    fromText: (text) => text,
  };
}

function parseQuantity(value: unknown, { units }: Quantity): number | undefined {
  const bare = units.some(([name]) => name === "");
  if (typeof value === "number") return bare ? value : undefined;
  const [, digits, unit] = (typeof value === "string" && /^(\d{1,15})([A-Za-z]*)$/.exec(value)) || [];
  const factor = units.find(([name]) => name === unit)?.[1];
  return factor === undefined ? undefined : Number(digits) * factor;
}
