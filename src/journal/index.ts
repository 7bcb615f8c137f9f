export { findJournals } from "./find_journals.js";
export type { Finding } from "./findings.js";
export { type Inspected, type InspectedLine, inspectJournal } from "./inspect.js";
export { createJournal, type JournalOptions } from "./journal.js";
export { nodeDisk } from "./node_disk.js";
export type { Search } from "./row_file.js";
export type { Rows } from "./rows.js";
export { parseSegmentName } from "./segments.js";
export {
  type Appended,
  type AppendFailure,
  type AppendOutcome,
  type Journal,
  type JournalLog,
  JournalOpenError,
  type JournalState,
  type RowsListener,
} from "./types.js";
