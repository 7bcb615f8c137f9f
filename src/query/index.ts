/**
 * DuckDB over a journal's files: the named queries, and any SELECT in a sandbox that reads these files and nothing else.
 * Loads DuckDB: a command that only lists the queries imports catalog.ts alone.
 */

export type { Column, Row } from "./columns.js";
export { type CompactReport, compactJournal } from "./compact/compact.js";
export { verifyCopies } from "./compact/verify_copies.js";
export { ReadError, SqlError, StoppedError } from "./errors.js";
export { EVERY_SESSION, filterCondition, type SessionFilter } from "./filter.js";
export { type FindingsOptions, findingsSql, WHOLE_COLUMNS } from "./findings.js";
export { type Literal, literal } from "./literal.js";
export { type JournalReader, type Outcome, type ReadOptions, readJournal } from "./read_journal.js";
export type { Answer } from "./statement.js";
export { openSessionStore, type SessionStore, type StoreOptions, type StoreState } from "./store/session_store.js";
export type { Select, StoreConnection } from "./store/store_connection.js";
export type { TableFile } from "./table_file.js";
