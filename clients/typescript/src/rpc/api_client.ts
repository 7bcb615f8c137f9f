import { type ChannelCredentials, Client, credentials } from "@grpc/grpc-js";
import {
  AppendSessionResponse,
  BatchAppendSessionsResponse,
  SessionLogService,
  type TailSessionsRequest,
} from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { isLocal } from "./address.js";
import { type CallFailure, callFailure, toCallFailure } from "./failure.js";
import { encodeAppendRequest, encodeBatchRequest, toBuffer, toMetadata } from "./requests.js";
import { readTail, type TailMessage, type TailOptions } from "./tail.js";

export type { CallFailure } from "./failure.js";
export type { TailMessage, TailOptions } from "./tail.js";

/** How a call ended: its reply, or its status as a value. */
export type CallResult<T> = { readonly ok: true; readonly value: T } | CallFailure;

export interface CallOptions {
  /** How long to wait for the reply; 30 s by default. */
  readonly deadline_ms?: number;
  /** Request metadata, for example `{ "x-lakehouse-trace-id": "…" }`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Ends the call with CANCELLED. */
  readonly signal?: AbortSignal;
}

export interface AppendOptions extends CallOptions {
  /** Only check the record; nothing is written. */
  readonly validate_only?: boolean;
}

export interface ApiClientOptions {
  /** Without TLS by default. */
  readonly credentials?: ChannelCredentials;
  /** gRPC's channel options, over this client's own. */
  readonly channel_options?: Readonly<Record<string, string | number>>;
}

/** Sends records as the protobuf bytes that they are. Nothing here throws or rejects because of a server. */
export interface ApiClient {
  /** Appends one record; undefined sends a request without one. */
  append(record: Uint8Array | undefined, options?: AppendOptions): Promise<CallResult<AppendSessionResponse>>;
  /** Appends records in one call; they have their results in the same order. */
  appendBatch(records: readonly Uint8Array[], options?: CallOptions): Promise<CallResult<BatchAppendSessionsResponse>>;
  /** Reads TailSessions; see readTail. Fields that the request omits have their defaults. */
  tail(
    request: Partial<TailSessionsRequest>,
    options: TailOptions,
  ): AsyncGenerator<TailMessage, CallFailure | undefined>;
  /** One unary call with whole messages as bytes, by its path `/package.Service/Method`. */
  unary(path: string, request: Uint8Array, options?: CallOptions): Promise<CallResult<Buffer>>;
  /** Closes the connection; calls in progress fail with CANCELLED or UNAVAILABLE. */
  close(): void;
}

const DEADLINE_MS = 30_000;
/** A service that comes back is found within a second; grpc-js alone backs off for up to two minutes. */
const RECONNECT = { "grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 1_000 };
/** A proxy of the environment cannot reach this machine. */
const NO_PROXY = { "grpc.enable_http_proxy": 0 };

/** A client for `address`: `host:port` or `unix:/path`. It connects with the first call. */
export function createApiClient(address: string, options: ApiClientOptions = {}): ApiClient {
  const channel_options = { ...RECONNECT, ...(isLocal(address) ? NO_PROXY : {}), ...options.channel_options };
  const client = new Client(address, options.credentials ?? credentials.createInsecure(), channel_options);

  function unary(path: string, request: Uint8Array, options: CallOptions = {}): Promise<CallResult<Buffer>> {
    const deadline = Date.now() + (options.deadline_ms ?? DEADLINE_MS);
    const { signal } = options;
    return new Promise((resolve) => {
      const call = client.makeUnaryRequest(
        path,
        toBuffer,
        toBuffer,
        request,
        toMetadata(options.metadata),
        { deadline },
        (error, reply) => {
          signal?.removeEventListener("abort", cancel);
          resolve(error === null ? { ok: true, value: reply ?? Buffer.alloc(0) } : toCallFailure(error));
        },
      );
      const cancel = () => call.cancel();
      signal?.addEventListener("abort", cancel);
      if (signal?.aborted === true) cancel();
    });
  }

  return {
    unary,

    async append(record, { validate_only = false, ...options } = {}) {
      const request = encodeAppendRequest(record, validate_only);
      return decodeReply(await unary(SessionLogService.appendSession.path, request, options), AppendSessionResponse);
    },

    async appendBatch(records, options) {
      const reply = await unary(SessionLogService.batchAppendSessions.path, encodeBatchRequest(records), options);
      return decodeReply(reply, BatchAppendSessionsResponse);
    },

    tail: (request, options) => readTail(client, request, options),

    close: () => client.close(),
  };
}

function decodeReply<T>(reply: CallResult<Buffer>, message: { decode(bytes: Uint8Array): T }): CallResult<T> {
  if (!reply.ok) return reply;
  try {
    return { ok: true, value: message.decode(reply.value) };
  } catch {
    return callFailure("INTERNAL", "the reply cannot be decoded");
  }
}
