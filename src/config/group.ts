import { ConfigError, describeFileError } from "./errors.js";

const GROUPS = "/etc/group";

/**
 * The number of a group of the system; undefined for none. Node knows no names of groups but those that are in a file.
 *
 * @throws ConfigError, one line that names the setting
 */
export function readGroup(name: string, readFile: (path: string) => Buffer): number | undefined {
  if (name === "") return undefined;
  if (/^\d+$/.test(name)) return Number(name);
  let text: string;
  try {
    text = readFile(GROUPS).toString();
  } catch (error) {
    throw new ConfigError(`[server] socket_group: ${GROUPS}: ${describeFileError(error)}`);
  }
  for (const line of text.split("\n")) {
    const [group, , number] = line.split(":");
    if (group === name && number !== undefined) return Number(number);
  }
  throw new ConfigError(
    `[server] socket_group: ${GROUPS} has no group ${name}; one of another directory is given by its number`,
  );
}
