import { resolve } from "node:path";
import { optionsOfEnvironment } from "@sessionlog/client/environment";
import { isLocal } from "@sessionlog/client/rpc/address";
import type { CallFailure } from "@sessionlog/client/rpc/api_client";
import { createServiceClient, type ServiceClient } from "@sessionlog/client/rpc/service_client";
import { channelCredentials, TlsFileError } from "@sessionlog/client/rpc/tls_files";
import { tokenProblem } from "@sessionlog/client/rpc/token";
import { ConfigError } from "../../config/errors.js";
import type { CliContext } from "../context.js";
import { findAddress } from "./service_address.js";

/** The service that a command calls. */
export interface Service {
  readonly address: string;
  readonly client: ServiceClient;
}

/** For the help of commands that call a service. */
export const SERVICE_VARIABLES = `Environment:
  SESSIONLOG_ADDRESS      the service, unless --address is given
  SESSIONLOG_TOKEN_FILE   the file with the token, read again for each call
  SESSIONLOG_TOKEN        the token, when there is no file
  SESSIONLOG_CA_FILE      the authorities of the service's certificate; with any of these four, TLS is used
  SESSIONLOG_SERVER_NAME  the name in its certificate, where it is not the address
  SESSIONLOG_CERT_FILE, SESSIONLOG_KEY_FILE
                          the own certificate and its key, where the service asks for one`;

/**
 * The service of `--address` or the environment, with the TLS and the token of the environment's variables, which are
 * those of the clients. There is no flag for a token, as other users of the machine see flags.
 *
 * @throws ConfigError, one line that names the variable, for the first that cannot be used
 */
export async function openService(
  flag: string | undefined,
  context: Pick<CliContext, "env" | "cwd">,
  channel_options: Readonly<Record<string, string | number>> = {},
): Promise<Service> {
  const address = findAddress(flag, context);
  const given = optionsOfEnvironment(context.env, {});
  const file = (path: string | undefined) => path && resolve(context.cwd, path);
  const options = {
    address,
    channel_options,
    insecure_token: false,
    token: given.token ?? "",
    token_file: file(given.token_file) ?? "",
    tls: given.tls && {
      ca_file: file(given.tls.ca_file),
      cert_file: file(given.tls.cert_file),
      key_file: file(given.tls.key_file),
      server_name: given.tls.server_name,
    },
  };
  const variable = options.token_file === "" ? "SESSIONLOG_TOKEN" : "SESSIONLOG_TOKEN_FILE";
  const problem = tokenProblem(options);
  if (problem !== undefined) {
    const clear = options.tls === undefined && !isLocal(address);
    const needs_tls = `a token is sent to ${address} over TLS only: set SESSIONLOG_CA_FILE or SESSIONLOG_SERVER_NAME`;
    throw new ConfigError(`${variable}: ${clear ? needs_tls : problem}`);
  }
  await channelCredentials(options.tls).catch((error: unknown) => {
    if (!(error instanceof TlsFileError)) throw error;
    throw new ConfigError(`SESSIONLOG_${error.option.toUpperCase()}: ${error.problem}`);
  });
  const no_token = options.token === "" && options.token_file === "";
  const hint = no_token ? "no SESSIONLOG_TOKEN_FILE or SESSIONLOG_TOKEN is set" : `the token is that of ${variable}`;
  return { address, client: explainRefusals(createServiceClient(options), hint, options.tls !== undefined) };
}

const WITHOUT_TLS = "without TLS: for a service with TLS, set SESSIONLOG_CA_FILE or SESSIONLOG_SERVER_NAME";

/** What a service and gRPC say of a call that is not let in names no cause: the message of a command says what it has shown. */
function explainRefusals(client: ServiceClient, credentials: string, has_tls: boolean): ServiceClient {
  function hintFor({ code_name, message }: CallFailure): string {
    if (code_name === "UNAUTHENTICATED" && !message.startsWith("token_file: ")) return ` (${credentials})`;
    // gRPC's message for a connection that the other end has closed at once.
    return code_name === "UNAVAILABLE" && !has_tls && message.includes("Failed to connect") ? ` (${WITHOUT_TLS})` : "";
  }
  const explain = <T extends object>(result: T | CallFailure): T | CallFailure => {
    if (!("code_name" in result)) return result;
    const message = result.message.replace(/^token_file: /, "SESSIONLOG_TOKEN_FILE: ");
    return { ...result, message: `${message}${hintFor(result)}` };
  };
  return {
    ...client,
    append: async (record, options) => explain(await client.append(record, options)),
    appendBatch: async (records, options) => explain(await client.appendBatch(records, options)),
    unary: async (path, request, options) => explain(await client.unary(path, request, options)),
    async *tail(request, options) {
      const failure = yield* client.tail(request, options);
      return failure && explain(failure);
    },
  };
}
