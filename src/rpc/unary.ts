import { type handleUnaryCall, type Metadata, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { type RpcStatus, unexpectedStatus } from "./errors.js";
import type { RpcObserver } from "./observer.js";

/** How a handler ends a call. */
export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly status: RpcStatus };

/** An authenticated client. */
export interface Caller {
  readonly name: string;
}

/** What is known of a call besides its request. */
export interface CallContext {
  readonly metadata: Metadata;
  /** Undefined when the client is anonymous. */
  readonly caller: Caller | undefined;
}

/** Handles one call: the request's raw bytes in, a reply out. */
export type UnaryHandler<T> = (request: Buffer, context: CallContext) => Promise<Reply<T>>;

/** What the RPC surface logs. pino's Logger fits. */
export interface RpcLog {
  debug(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Where calls are reported. */
export interface CallReports {
  readonly log: RpcLog;
  readonly observer: RpcObserver;
}

/**
 * Makes a handler into what grpc-js calls. Anything that it throws is a defect: logged, and answered with INTERNAL.
 * Refusals are logged at debug, by code and message, never with a record.
 */
export function toUnaryCall<T>(
  method: string,
  handler: UnaryHandler<T>,
  { log, observer }: CallReports,
): handleUnaryCall<Buffer, T> {
  function unexpected(error: unknown): RpcStatus {
    log.error({ err: error, method }, "a call failed unexpectedly");
    return unexpectedStatus();
  }

  async function answer(call: ServerUnaryCall<Buffer, T>, callback: sendUnaryData<T>): Promise<void> {
    const begun_ms = performance.now();
    let reply: Reply<T>;
    try {
      reply = await handler(call.request, { metadata: call.metadata, caller: undefined });
    } catch (error) {
      reply = { ok: false, status: unexpected(error) };
    }
    observer.callEnded(method, reply.ok ? status.OK : reply.status.code, performance.now() - begun_ms);
    if (reply.ok) {
      callback(null, reply.value);
      return;
    }
    log.debug({ method, code: reply.status.code, reason: reply.status.details }, "call refused");
    callback(reply.status);
  }

  return (call, callback) => {
    answer(call, callback).catch(unexpected);
  };
}
