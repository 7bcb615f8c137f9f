import type { handleUnaryCall, Metadata, ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { type RpcStatus, unexpectedStatus } from "./errors.js";

/** How a handler ends a call. */
export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly status: RpcStatus };

/** Handles one call: the request's raw bytes and the call's metadata in, a reply out. */
export type UnaryHandler<T> = (request: Buffer, metadata: Metadata) => Promise<Reply<T>>;

/** What the RPC surface logs. pino's Logger fits. */
export interface RpcLog {
  debug(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * Makes a handler into what grpc-js calls. Anything that it throws is a defect: logged, and answered with INTERNAL.
 * Refusals are logged at debug, by code and message, never with a record.
 */
export function toUnaryCall<T>(method: string, handler: UnaryHandler<T>, log: RpcLog): handleUnaryCall<Buffer, T> {
  function unexpected(error: unknown): RpcStatus {
    log.error({ err: error, method }, "a call failed unexpectedly");
    return unexpectedStatus();
  }

  async function answer(call: ServerUnaryCall<Buffer, T>, callback: sendUnaryData<T>): Promise<void> {
    let reply: Reply<T>;
    try {
      reply = await handler(call.request, call.metadata);
    } catch (error) {
      reply = { ok: false, status: unexpected(error) };
    }
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
