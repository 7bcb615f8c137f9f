import type { SessionLoggerOptions } from "./options.js";

/** The given options, and where there is none that of the program's environment; a variable that is empty is not set. */
export function optionsOfEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  options: SessionLoggerOptions,
): SessionLoggerOptions {
  const read = (name: string) => env[`SESSIONLOG_${name}`] || undefined;
  const tls = {
    ca_file: read("CA_FILE"),
    cert_file: read("CERT_FILE"),
    key_file: read("KEY_FILE"),
    server_name: read("SERVER_NAME"),
  };
  const given = options.token !== undefined || options.token_file !== undefined;
  return {
    ...options,
    daemon: options.daemon ?? read("DAEMON"),
    spill_file: options.spill_file ?? read("SPILL_FILE"),
    debug: options.debug ?? /^(1|true)$/i.test(read("DEBUG") ?? ""),
    tls: options.tls ?? (Object.values(tls).some((value) => value !== undefined) ? tls : undefined),
    token: given ? options.token : read("TOKEN"),
    token_file: given ? options.token_file : read("TOKEN_FILE"),
  };
}
