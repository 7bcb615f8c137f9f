export { createJournal, type JournalOptions } from "./journal.js";
export {
  type Appended,
  type AppendFailure,
  type AppendOutcome,
  type Journal,
  type JournalLog,
  JournalOpenError,
  type JournalState,
} from "./types.js";
