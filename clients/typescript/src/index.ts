/** What a daemon in TypeScript or JavaScript imports as `@sessionlog/client`. */

export { parseTraceparent } from "@sessionlog/protocol/traceparent";
export type { ClientLog } from "./client_log.js";
export type { Appended, AppendOutcome, Failed, Refused } from "./delivery/append_and_wait.js";
export type { Stats } from "./delivery/stats.js";
export type { AppendAndWaitOptions, SessionLogger } from "./logger.js";
export type { SessionLoggerOptions, TlsOptions, Token } from "./options.js";
export {
  type BuildOptions,
  buildSessionRecord,
  type IterateFailure,
  type IterateOutcome,
  type IterateRequest,
  type IterateResponse,
} from "./record/build_record.js";
export type {
  Artifact,
  FinalVerdict,
  SessionAttemptInput,
  SessionRecordInput,
  Text,
  VerdictKind,
} from "./record/record.js";
export { type RosterCheck, rosterCheckFor, WORKER_ID_PATHS } from "./record/roster_check.js";
export { type IncomingHeaders, traceIdFromHeaders } from "./record/trace_id.js";
export type { Session, SessionRequest } from "./session.js";
export { createSessionLogger, createSessionLoggerFromEnv } from "./session_logger.js";
export { VERSION } from "./version.js";
