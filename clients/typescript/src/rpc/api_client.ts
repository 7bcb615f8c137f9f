import { type ChannelCredentials, Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import {
  AppendSessionResponse,
  BatchAppendSessionsResponse,
  SessionLogService,
  type TailSessionsRequest,
} from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { type CallFailure, toCallFailure } from "./failure.js";
import { isLocal } from "./local_address.js";
import {
  decodeHealthResponse,
  decodeListServicesResponse,
  encodeHealthRequest,
  encodeListServicesRequest,
  HEALTH_CHECK_PATH,
  REFLECTION_PATH,
  type ServingStatus,
} from "./probe.js";
import { encodeAppendRequest, encodeBatchRequest } from "./requests.js";
import { readTail, type TailMessage, type TailOptions } from "./tail.js";

export type { CallFailure } from "./failure.js";
export type { ServingStatus } from "./probe.js";
export type { TailMessage, TailOptions } from "./tail.js";

/** How a call ended: its reply, or its status as a value. */
export type CallResult<T> = { readonly ok: true; readonly value: T } | CallFailure;

export interface AppendOptions {
  /** Only check the record; nothing is written. */
  readonly validate_only?: boolean;
  /** How long to wait for the reply; 30 s unless told. */
  readonly deadline_ms?: number;
  /** Request metadata, for example `{ "x-lakehouse-trace-id": "…" }`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Ends the call with CANCELLED. */
  readonly signal?: AbortSignal;
}

export interface RawClientOptions {
  /** Without TLS unless told. */
  readonly credentials?: ChannelCredentials;
  /** gRPC's channel options, over this client's own. */
  readonly channel_options?: Readonly<Record<string, string | number>>;
}

/** Sends records as the protobuf bytes they already are. Nothing here throws or rejects because of a server. */
export interface RawClient {
  /** Appends one record; undefined sends a request without one. */
  append(record: Uint8Array | undefined, options?: AppendOptions): Promise<CallResult<AppendSessionResponse>>;
  /** Appends records in one call; they have their results in the same order. */
  appendBatch(records: readonly Uint8Array[], deadline_ms?: number): Promise<CallResult<BatchAppendSessionsResponse>>;
  /** Asks grpc.health.v1.Health; "" stands for the server as a whole. */
  check(service: string, deadline_ms?: number): Promise<CallResult<ServingStatus>>;
  /** The names of the services that reflection lists. */
  services(deadline_ms?: number): Promise<CallResult<readonly string[]>>;
  /** Reads TailSessions; see readTail. What the request leaves out has its default. */
  tail(
    request: Partial<TailSessionsRequest>,
    options: TailOptions,
  ): AsyncGenerator<TailMessage, CallFailure | undefined>;
  /** One unary call with whole messages as bytes, by its path `/package.Service/Method`. */
  unary(path: string, request: Uint8Array, options?: UnaryOptions): Promise<CallResult<Buffer>>;
  /** Ends the connection; calls under way fail with CANCELLED or UNAVAILABLE. */
  close(): void;
}

export type UnaryOptions = Omit<AppendOptions, "validate_only">;

const DEFAULT_DEADLINE_MS = 30_000;
/** A service that comes back is found within a second; grpc-js alone backs off for up to two minutes. */
const RECONNECT = { "grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 1_000 };
/** No proxy that the environment names reaches this machine, nor is what is for this machine any of its business. */
const NO_PROXY = { "grpc.enable_http_proxy": 0 };

/** A client for `address`: `host:port` or `unix:/path`. It connects with the first call. */
export function createRawClient(address: string, options: RawClientOptions = {}): RawClient {
  const channel_options = { ...RECONNECT, ...(isLocal(address) ? NO_PROXY : {}), ...options.channel_options };
  const client = new Client(address, options.credentials ?? credentials.createInsecure(), channel_options);

  function unary(path: string, request: Uint8Array, options: UnaryOptions = {}): Promise<CallResult<Buffer>> {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(options.metadata ?? {})) metadata.set(key, value);
    const deadline = Date.now() + (options.deadline_ms ?? DEFAULT_DEADLINE_MS);
    const { signal } = options;
    return new Promise((resolve) => {
      const call = client.makeUnaryRequest(
        path,
        toBuffer,
        toBuffer,
        request,
        metadata,
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

    async append(record, options = {}) {
      const { validate_only = false, ...rest } = options;
      const reply = await unary(SessionLogService.appendSession.path, encodeAppendRequest(record, validate_only), rest);
      return reply.ok ? { ok: true, value: AppendSessionResponse.decode(reply.value) } : reply;
    },

    async appendBatch(records, deadline_ms = DEFAULT_DEADLINE_MS) {
      const path = SessionLogService.batchAppendSessions.path;
      const reply = await unary(path, encodeBatchRequest(records), { deadline_ms });
      return reply.ok ? { ok: true, value: BatchAppendSessionsResponse.decode(reply.value) } : reply;
    },

    async check(service, deadline_ms = DEFAULT_DEADLINE_MS) {
      const reply = await unary(HEALTH_CHECK_PATH, encodeHealthRequest(service), { deadline_ms });
      return reply.ok ? { ok: true, value: decodeHealthResponse(reply.value) } : reply;
    },

    services(deadline_ms = DEFAULT_DEADLINE_MS) {
      const deadline = Date.now() + deadline_ms;
      return new Promise((resolve) => {
        const names: string[] = [];
        const call = client.makeBidiStreamRequest(REFLECTION_PATH, toBuffer, toBuffer, { deadline });
        call.on("data", (reply: Buffer) => names.push(...decodeListServicesResponse(reply)));
        call.on("error", (error: ServiceError) => resolve(toCallFailure(error)));
        call.on("end", () => resolve({ ok: true, value: names }));
        call.write(encodeListServicesRequest());
        call.end();
      });
    },

    tail: (request, options) => readTail(client, request, options),

    close: () => client.close(),
  };
}

/** Messages are bytes on both sides; grpc-js wants them as Buffers. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
