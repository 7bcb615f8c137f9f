/** What a daemon in TypeScript or JavaScript imports as `sessionlog/client`. */
export type { Appended, AppendOutcome, Failed, Refused } from "./answered.js";
export {
  type BuildOptions,
  buildSessionRecord,
  type IterateFailure,
  type IterateOutcome,
  type IterateRequest,
  type IterateResponse,
} from "./build_record.js";
export { type AppendAndWaitOptions, createSessionLogger, type SessionLogger } from "./logger.js";
export type { ClientLog } from "./notices.js";
export type { SessionLoggerOptions, TlsOptions, Token } from "./options.js";
export type { SessionAttemptInput, SessionRecordInput, Text } from "./record.js";
export { type RosterCheck, rosterCheckFor, WORKER_ID_PATHS } from "./roster_check.js";
export type { Stats } from "./stats.js";
export { type IncomingHeaders, parseTraceparent, traceIdFromHeaders } from "./trace_id.js";
