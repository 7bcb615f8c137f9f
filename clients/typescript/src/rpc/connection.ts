/** The connection to the service, made with the first call. */
import { setMaxListeners } from "node:events";
import { readFile } from "node:fs/promises";
import { type ChannelCredentials, credentials, status } from "@grpc/grpc-js";
import {
  AppendSessionResponse,
  BatchAppendSessionsResponse,
  SessionLogService,
} from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { describeError } from "../errors.js";
import type { Options, TlsOptions } from "../options.js";
import { type CallResult, createRawClient, type RawClient } from "./api_client.js";
import type { CallFailure } from "./failure.js";
import { isLocal } from "./local_address.js";
import { encodeAppendRequest, encodeBatchRequest } from "./requests.js";

/** Sends rows. Nothing here throws or rejects, whatever a service or an option is like. */
export interface Connection {
  append(row: Uint8Array, validate_only: boolean, deadline_ms: number): Promise<CallResult<AppendSessionResponse>>;
  appendBatch(rows: readonly Uint8Array[], deadline_ms: number): Promise<CallResult<BatchAppendSessionsResponse>>;
  /** Ends the calls under way, and makes no more. */
  close(): void;
}

const OWN_OPTIONS = {
  // Retries are the sender's, which counts them.
  "grpc.enable_retries": 0,
  // A new channel is to try at once, whatever an earlier one to the same address met.
  "grpc.use_local_subchannel_pool": 1,
};

export function createConnection(options: Options): Connection {
  const ending = new AbortController();
  // One for each call under way.
  setMaxListeners(0, ending.signal);
  let opening: Promise<RawClient> | undefined;

  async function open(): Promise<RawClient> {
    const channel_credentials = await credentialsFor(options.tls);
    return createRawClient(options.address, {
      credentials: channel_credentials,
      channel_options: { ...OWN_OPTIONS, ...nameOverride(options.tls), ...options.channel_options },
    });
  }

  async function call<T>(
    path: string,
    request: Uint8Array,
    deadline_ms: number,
    decode: (bytes: Uint8Array) => T,
  ): Promise<CallResult<T>> {
    try {
      const metadata = await metadataFor(options, deadline_ms);
      if (metadata === undefined) {
        return failureOf("UNAUTHENTICATED", "a token is sent to another machine only with tls or insecure_token");
      }
      if (ending.signal.aborted) return { ...failureOf("CANCELLED", "the logger is closed"), code_name: "CLOSED" };
      opening ??= open();
      const client = await opening;
      const reply = await client.unary(path, request, { deadline_ms, metadata, signal: ending.signal });
      return reply.ok ? { ok: true, value: decode(reply.value) } : reply;
    } catch (error) {
      // No connection could be made: a certificate's file that is not there, an address that is none. Once more, later.
      forget();
      return failureOf("UNAVAILABLE", describeError(error));
    }
  }

  /** Calls that are under way on it go on. */
  function forget(): void {
    opening?.then(
      (client) => client.close(),
      () => undefined,
    );
    opening = undefined;
  }

  return {
    append(row, validate_only, deadline_ms) {
      const request = encodeAppendRequest(row, validate_only);
      return call(SessionLogService.appendSession.path, request, deadline_ms, (bytes) =>
        AppendSessionResponse.decode(bytes),
      );
    },
    async appendBatch(rows, deadline_ms) {
      const request = encodeBatchRequest(rows);
      const reply = await call(SessionLogService.batchAppendSessions.path, request, deadline_ms, (bytes) =>
        BatchAppendSessionsResponse.decode(bytes),
      );
      // Whoever is at the other end may be gone without a word: the next call has a connection of its own.
      if (!reply.ok && reply.code_name === "DEADLINE_EXCEEDED") forget();
      return reply;
    },
    close() {
      ending.abort();
      forget();
    },
  };
}

/** What goes with each call; undefined when the token must not go there. Rejects when the daemon's own function does. */
async function metadataFor(
  options: Options,
  deadline_ms: number,
): Promise<Readonly<Record<string, string>> | undefined> {
  const token = typeof options.token === "function" ? await within(options.token(), deadline_ms) : options.token;
  if (!token) return {};
  const allowed = options.tls !== undefined || options.insecure_token || isLocal(options.address);
  return allowed ? { authorization: `Bearer ${token}` } : undefined;
}

/** What a function of the daemon's answers; rejects when it takes too long. */
function within(answer: string | Promise<string>, deadline_ms: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the token's function gave none in time")), deadline_ms).unref();
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

function failureOf(code_name: keyof typeof status, message: string): CallFailure {
  return { ok: false, code: status[code_name], code_name, message, violations: [], retry_after_ms: undefined };
}
