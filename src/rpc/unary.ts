import type { handleUnaryCall, Metadata, ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { type RpcStatus, unexpectedStatus } from "./errors.js";
import type { Caller, Callers } from "./security/callers.js";

/** How a handler ends a call. */
export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly status: RpcStatus };

/** What is known of a call besides its request. */
export interface CallContext {
  readonly metadata: Metadata;
  /** Undefined when the client is anonymous. */
  readonly caller: Caller | undefined;
  readonly call: CallState;
}

/** What a call of grpc-js tells of itself. */
export interface CallState {
  /** The other end of the connection, with its port. */
  getPeer(): string;
  /** Nobody waits for the answer any longer. */
  readonly cancelled: boolean;
}

/** Handles one call: the request in, a reply out. */
export type UnaryHandler<Request, T> = (request: Request, context: CallContext) => Promise<Reply<T>>;

/** What the RPC surface logs. pino's Logger fits. */
export interface RpcLog {
  debug(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What calls of gRPC need besides their handler. */
export interface CallParts {
  readonly log: RpcLog;
  readonly callers: Callers;
}

/**
 * Handles a call. Anything that the handler throws is a defect: logged, and answered with
 * INTERNAL. Refusals are logged at debug, by code and message, never with a record. Never rejects.
 */
export async function answerCall<Request, T>(
  method: string,
  handler: UnaryHandler<Request, T>,
  request: Request,
  context: CallContext,
  log: RpcLog,
): Promise<Reply<T>> {
  let reply: Reply<T>;
  try {
    reply = await handler(request, context);
  } catch (error) {
    log.error({ err: error, method }, "a call failed unexpectedly");
    reply = { ok: false, status: unexpectedStatus() };
  }
  if (!reply.ok) log.debug({ method, code: reply.status.code, reason: reply.status.details }, "call refused");
  return reply;
}

/** Makes a handler into what grpc-js calls. */
export function toUnaryCall<T>(
  method: string,
  handler: UnaryHandler<Buffer, T>,
  parts: CallParts,
): handleUnaryCall<Buffer, T> {
  async function answer(call: ServerUnaryCall<Buffer, T>, callback: sendUnaryData<T>): Promise<void> {
    const { metadata } = call;
    const context = { metadata, caller: parts.callers.of(metadata), call };
    const reply = await answerCall(method, handler, call.request, context, parts.log);
    if (reply.ok) callback(null, reply.value);
    else callback(reply.status);
  }

  return (call, callback) => {
    answer(call, callback).catch((error: unknown) => {
      parts.log.error({ err: error, method }, "a call failed unexpectedly");
    });
  };
}
