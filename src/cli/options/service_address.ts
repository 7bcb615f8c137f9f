import { Option } from "commander";
import { addressProblem, parseAddress } from "../../config/address.js";
import { ADDRESS_VARIABLE, refuseUnknownVariables } from "../../config/environment.js";
import { ConfigError } from "../../config/errors.js";
import type { CliContext } from "../context.js";

const DEFAULT_ADDRESS = "127.0.0.1:50051";

/** `--address`: the service that a command calls. */
export function addressOption(): Option {
  return new Option("--address <address>", `the service: host:port or unix:/path (default: ${DEFAULT_ADDRESS})`);
}

/**
 * The flag, else the variable, else the default. Unknown variables are refused: a typo would mean another service.
 *
 * @throws ConfigError
 */
export function findAddress(flag: string | undefined, { env }: Pick<CliContext, "env">): string {
  refuseUnknownVariables(env);
  const text = flag ?? env[ADDRESS_VARIABLE] ?? DEFAULT_ADDRESS;
  const name = flag === undefined ? ADDRESS_VARIABLE : "--address";
  const parsed = parseAddress(text);
  if (parsed === undefined || (parsed.kind === "tcp" && parsed.port === 0)) {
    throw new ConfigError(`${name}: expected "host:port" or "unix:/path"; got ${JSON.stringify(text)}`);
  }
  const problem = addressProblem(parsed);
  if (problem !== undefined) throw new ConfigError(`${name}: ${problem}`);
  return text;
}
