import { type Metadata, status } from "@grpc/grpc-js";
import {
  SESSION_ATTEMPT_FIELDS,
  SESSION_RECORD_FIELDS,
  TAIL_SESSIONS_REQUEST_FIELDS,
} from "@sessionlog/protocol/gen/fields";
import type { Violation } from "../record/index.js";
import { traceparentOf } from "./append/trace_id.js";
import type { Caller } from "./security/callers.js";

/** What the RPC surface logs. pino's Logger fits. */
export interface RpcLog {
  /** To be asked before anything is made for a line at debug. */
  isLevelEnabled(level: "debug"): boolean;
  debug(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A call, as its lines at debug name it. */
export interface LoggedCall {
  readonly method: string;
  readonly metadata: Metadata;
  readonly caller: Caller | undefined;
  /** The other end of the connection. */
  readonly peer: string;
  /** Of the request. */
  readonly bytes: number;
}

/** How a call ended. */
export interface CallEnd {
  readonly code: status;
  /** Of what was refused in it. */
  readonly violations?: readonly Violation[];
}

/** Violations in one line. */
export const LOGGED_VIOLATIONS_MAX = 20;

const FIELDS: ReadonlySet<string> = new Set([
  ...["record", "records", "request"],
  ...Object.keys({ ...SESSION_RECORD_FIELDS, ...SESSION_ATTEMPT_FIELDS, ...TAIL_SESSIONS_REQUEST_FIELDS }),
]);

/** Logs at debug how a call ended: never a value of a record, of metadata or of a token. */
export function logCall(log: RpcLog, call: LoggedCall, { code, violations }: CallEnd): void {
  const refused = violations && {
    violations: violations.slice(0, LOGGED_VIOLATIONS_MAX).map(({ field, reason }) => `${fieldName(field)} ${reason}`),
  };
  log.debug({ ...describeCall(call), code, ...refused }, code === status.OK ? "call answered" : "call refused");
}

/** Who calls, with how much, in which trace. */
export function describeCall(call: LoggedCall): object {
  const { method, metadata, caller, peer, bytes } = call;
  return {
    method,
    identity: caller?.name,
    token_id: caller?.token?.id,
    peer,
    bytes,
    trace_id: traceparentOf(metadata),
  };
}

/** Logs a defect by where it is. The message of an error that JavaScript itself throws may quote what was read. */
export function logDefect(log: RpcLog, method: string, error: unknown): void {
  const thrown = error instanceof Error ? error : new Error("something that is not an error was thrown");
  const { name: type, message, stack = "" } = thrown;
  const frames = stack.split("\n").filter((line) => /^ +at /.test(line));
  const own = thrown.constructor === Error ? { message } : {};
  log.error({ err: { type, ...own, stack: frames.join("\n") }, method }, "a call failed unexpectedly");
}

/** A key that a client made up may be anything. */
function fieldName(field: string): string {
  const parts = field.split(".");
  return parts.map((part) => (FIELDS.has(part.replace(/\[\d+\]$/, "")) ? part : "(unknown)")).join(".");
}
