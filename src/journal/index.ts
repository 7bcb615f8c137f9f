export { findJournals } from "./find_journals.js";
export type { Finding } from "./findings.js";
export { type Inspected, type InspectedLine, inspectJournal } from "./inspect.js";
export { createJournal, type JournalOptions } from "./journal.js";
export { nodeDisk } from "./node_disk.js";
export { parseSegmentName } from "./segments.js";
export {
  type Appended,
  type AppendFailure,
  type AppendLog,
  type AppendOutcome,
  type FileControl,
  type Journal,
  type JournalLog,
  JournalOpenError,
  type JournalState,
  type RowReader,
  type Rows,
  type RowsListener,
  type Search,
} from "./types.js";
