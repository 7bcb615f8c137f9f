import { type handleUnaryCall, type Metadata, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import type { Violation } from "../record/index.js";
import { logCall, logDefect, type RpcLog } from "./call_log.js";
import { type RpcStatus, unexpectedStatus } from "./errors.js";
import type { Caller, Callers } from "./security/callers.js";

/** How a handler ends a call. */
export type Reply<T> = Answer<T> | { readonly ok: false; readonly status: RpcStatus };

export interface Answer<T> {
  readonly ok: true;
  readonly value: T;
  /** Some of what was refused in it, for logs. */
  readonly violations?: readonly Violation[];
}

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

/** What calls of gRPC need besides their handler. */
export interface CallParts {
  readonly log: RpcLog;
  readonly callers: Callers;
}

/**
 * Handles a call. Anything that the handler throws is a defect: logged, and answered with
 * INTERNAL. How it ended is logged at debug. Never rejects.
 */
export async function answerCall<T>(
  method: string,
  handler: UnaryHandler<Buffer, T>,
  request: Buffer,
  context: CallContext,
  log: RpcLog,
): Promise<Reply<T>> {
  let reply: Reply<T>;
  try {
    reply = await handler(request, context);
  } catch (error) {
    logDefect(log, method, error);
    reply = { ok: false, status: unexpectedStatus() };
  }
  if (log.isLevelEnabled("debug")) {
    const { metadata, caller, call } = context;
    const logged = { method, metadata, caller, peer: call.getPeer(), bytes: request.length };
    logCall(log, logged, reply.ok ? { ...reply, code: status.OK } : reply.status);
  }
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
      logDefect(parts.log, method, error);
    });
  };
}
