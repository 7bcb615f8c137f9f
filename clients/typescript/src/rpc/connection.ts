/** The connection to the service, opened with the first call. */
import { setMaxListeners } from "node:events";
import { readFile } from "node:fs/promises";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import type {
  AppendSessionResponse,
  BatchAppendSessionsResponse,
} from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { describeError } from "../errors.js";
import type { Options, TlsOptions } from "../options.js";
import { VERSION } from "../version.js";
import { isLocal } from "./address.js";
import { type ApiClient, type CallOptions, type CallResult, createApiClient } from "./api_client.js";
import { callFailure } from "./failure.js";

/** Sends records. Nothing here throws or rejects, whatever a service or an option does. */
export interface Connection {
  append(record: Uint8Array, validate_only: boolean, deadline_ms: number): Promise<CallResult<AppendSessionResponse>>;
  appendBatch(records: readonly Uint8Array[], deadline_ms: number): Promise<CallResult<BatchAppendSessionsResponse>>;
  /** Ends the calls in progress, and makes no more. */
  close(): void;
}

const OWN_OPTIONS = {
  // So that the service can say which client still sends.
  "grpc.primary_user_agent": `sessionlog-typescript/${VERSION}`,
  // Retries are the sender's, which counts them.
  "grpc.enable_retries": 0,
  // A new channel tries at once, whatever an earlier one to the same address met.
  "grpc.use_local_subchannel_pool": 1,
};

export function createConnection(options: Options): Connection {
  const ending = new AbortController();
  // One for each call in progress.
  setMaxListeners(0, ending.signal);
  let opening: Promise<ApiClient> | undefined;

  async function open(): Promise<ApiClient> {
    const channel_credentials = await credentialsFor(options.tls);
    return createApiClient(options.address, {
      credentials: channel_credentials,
      channel_options: { ...OWN_OPTIONS, ...nameOverride(options.tls), ...options.channel_options },
    });
  }

  async function call<T>(
    deadline_ms: number,
    make: (client: ApiClient, options: CallOptions) => Promise<CallResult<T>>,
  ): Promise<CallResult<T>> {
    try {
      const metadata = await metadataFor(options, deadline_ms);
      if (metadata === undefined) {
        return callFailure("UNAUTHENTICATED", "a token is sent to another machine only with tls or insecure_token");
      }
      if (ending.signal.aborted) return { ...callFailure("CANCELLED", "the logger is closed"), code_name: "CLOSED" };
      opening ??= open();
      return await make(await opening, { deadline_ms, metadata, signal: ending.signal });
    } catch (error) {
      // The connection could not be opened: no such certificate file, no such address. Tried again later.
      forget();
      return callFailure("UNAVAILABLE", describeError(error));
    }
  }

  /** Calls in progress on it continue. */
  function forget(): void {
    opening?.then(
      (client) => client.close(),
      () => undefined,
    );
    opening = undefined;
  }

  return {
    append: (record, validate_only, deadline_ms) =>
      call(deadline_ms, (client, options) => client.append(record, { ...options, validate_only })),
    async appendBatch(records, deadline_ms) {
      const result = await call(deadline_ms, (client, options) => client.appendBatch(records, options));
      // The other end may be gone without notice: the next call opens a connection of its own.
      if (!result.ok && result.code_name === "DEADLINE_EXCEEDED") forget();
      return result;
    },
    close() {
      ending.abort();
      forget();
    },
  };
}

/** The metadata of a call; undefined when the token must not be sent there. Rejects when the token's function does. */
async function metadataFor(
  options: Options,
  deadline_ms: number,
): Promise<Readonly<Record<string, string>> | undefined> {
  const token = typeof options.token === "function" ? await within(options.token(), deadline_ms) : options.token;
  if (!token) return {};
  const allowed = options.tls !== undefined || options.insecure_token || isLocal(options.address);
  return allowed ? { authorization: `Bearer ${token}` } : undefined;
}

/** What the daemon's function returned; rejects when it takes too long. */
function within(answer: string | Promise<string>, deadline_ms: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the token function took too long")), deadline_ms).unref();
    Promise.resolve(answer)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

async function credentialsFor(tls: TlsOptions | undefined): Promise<ChannelCredentials> {
  if (tls === undefined) return credentials.createInsecure();
  const [ca, key, cert] = await Promise.all([readPem(tls.ca_file), readPem(tls.key_file), readPem(tls.cert_file)]);
  return credentials.createSsl(ca, key, cert);
}

async function readPem(file: string | undefined): Promise<Buffer | null> {
  return file === undefined ? null : await readFile(file);
}

function nameOverride(tls: TlsOptions | undefined): Readonly<Record<string, string>> {
  return tls?.server_name === undefined ? {} : { "grpc.ssl_target_name_override": tls.server_name };
}
