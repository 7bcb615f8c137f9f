import { addressProblem, isLocal, isLoopback, parseAddress } from "./address.js";
import { ConfigError } from "./errors.js";
import type { Config } from "./settings.js";

/** Unless clients show who they are, anyone on the network can read records and write: that needs an explicit flag. */
export function checkListen({ server, tls, auth }: Config, place: string): void {
  const address = parseAddress(server.listen);
  const problem = address && addressProblem(address);
  if (problem !== undefined) throw new ConfigError(`${place}: ${problem}`);
  if (address !== undefined && isLoopback(address)) return;
  if (tls.cert === "" && auth.file !== "") {
    throw new ConfigError(
      `${place}: tokens would go to ${JSON.stringify(server.listen)} in the clear; set [tls] cert and key`,
    );
  }
  if (server.insecure || showsWhoCalls({ tls, auth })) return;
  throw new ConfigError(
    `${place}: ${JSON.stringify(server.listen)} is not a loopback address, and anyone there could read and write; set [tls] cert ` +
      'and key, and [auth] file or client_auth = "require"; or give --insecure ([server] insecure = true) if that is wanted',
  );
}

function showsWhoCalls({ tls, auth }: Pick<Config, "tls" | "auth">): boolean {
  return tls.cert !== "" && (auth.file !== "" || tls.client_auth === "require");
}

/** Whether other machines are served without TLS, or without being asked who they are: `--insecure` allows it. */
export function isInsecure(config: Config): boolean {
  return !isLocal(config.server.listen) && !showsWhoCalls(config);
}

export function checkTls({ tls, auth }: Config, placeOf: (name: string) => string): void {
  const needs = (given: string, name: string, needed: string) => {
    if (needed === "") throw new ConfigError(`${placeOf(given)} needs ${name}`);
  };
  if (tls.cert !== "") needs("tls.cert", "[tls] key", tls.key);
  if (tls.key !== "") needs("tls.key", "[tls] cert", tls.cert);
  if (tls.client_ca !== "") needs("tls.client_ca", "[tls] cert and key", tls.cert);
  if (auth.unix_identity !== "") needs("auth.unix_identity", "[auth] file", auth.file);
  if (tls.client_auth !== "none") needs("tls.client_auth", "[tls] client_ca", tls.client_ca);
}
