import { parseArgs } from "node:util";

/**
 * Reads `--name value` for the names in `defaults`; a number stays a number. A wrong name ends the process with one line.
 * @template {Record<string, number | string>} T
 * @param {T} defaults
 * @returns {T}
 */
export function readOptions(defaults) {
  const options = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: "string" }]));
  try {
    const { values } = parseArgs({ options });
    return Object.fromEntries(
      Object.entries(defaults).map(([name, value]) => [name, parsed(name, values[name] ?? value, value)]),
    );
  } catch (error) {
    console.error(
      `${error.message}\nknown: ${Object.entries(defaults)
        .map(([name, value]) => `--${name} ${value}`)
        .join(" ")}`,
    );
    return process.exit(2);
  }
}

function parsed(name, given, byDefault) {
  if (typeof byDefault !== "number") return given;
  const number = Number(given);
  if (!Number.isFinite(number) || number < 0) throw new Error(`--${name} takes a number, not ${given}`);
  return number;
}
