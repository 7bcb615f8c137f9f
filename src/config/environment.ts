import { ConfigError } from "./errors.js";
import { nearest } from "./nearest.js";
import { listSettings, variableOf } from "./settings.js";

/** Environment variables as Node gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Names the configuration file. */
export const CONFIG_VARIABLE = "SESSIONLOG_CONFIG";
/** The server that client commands talk to. */
export const ADDRESS_VARIABLE = "SESSIONLOG_ADDRESS";
/** What only the clients read, and the service skips: it may share an environment with a daemon. */
const CLIENT_VARIABLES = [
  "DAEMON",
  "SPILL_FILE",
  "DEBUG",
  "TOKEN",
  "TOKEN_FILE",
  "CA_FILE",
  "CERT_FILE",
  "KEY_FILE",
  "SERVER_NAME",
].map((name) => `SESSIONLOG_${name}`);

/**
 * Kubernetes and Docker links put these into the environment of every container beside a service named "sessionlog"
 * (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables). They are not typos.
 */
const INJECTED_NAME =
  /^SESSIONLOG_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?|ENV_\w+|NAME)$/;
const INJECTED_VALUE = /^(tcp|udp|sctp):\/\//;

/**
 * Every variable that begins with SESSIONLOG_ must be one that the program knows: otherwise a mistyped one would be skipped.
 *
 * @throws ConfigError naming the variable and the nearest known one
 */
export function refuseUnknownVariables(env: Environment): void {
  const known = [...listSettings().map(variableOf), CONFIG_VARIABLE, ADDRESS_VARIABLE, ...CLIENT_VARIABLES];
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith("SESSIONLOG_") || known.includes(name)) continue;
    if (INJECTED_NAME.test(name) || INJECTED_VALUE.test(value ?? "")) continue;
    const near = nearest(name, known);
    const hint = near === undefined ? "see sessionlog serve --help for the known ones" : `did you mean ${near}?`;
    throw new ConfigError(`environment: ${name} is not a known variable; ${hint}`);
  }
}
