export { compressionProblem, decompressed } from "./disk/compression.js";
export type { FileStatus } from "./disk/disk.js";
export { errorCode, errorText } from "./disk/errors.js";
export { readBlocks } from "./disk/files.js";
export { eachLine, isBlank, LINE_BYTES_MAX, lineBlocks, withoutMark } from "./disk/lines.js";
export { nodeDisk } from "./disk/node_disk.js";
export {
  type Compression,
  compressionOf,
  isLogPath,
  type JournalNames,
  journalNames,
  namesOfStem,
  parquetName,
  parseSegmentName,
  plainName,
  temporaryName,
} from "./format.js";
export { findEnd, JournalChanged, type Position, readAddedRows, readRow } from "./inspect/added_rows.js";
export { findJournals } from "./inspect/find_journals.js";
export type { Finding } from "./inspect/findings.js";
export { type Inspected, type InspectedLine, inspectJournal } from "./inspect/inspect.js";
export { createJournal, type JournalOptions } from "./journal.js";
export { type Checksum, type Checksums, digestOf, readChecksums } from "./sealed/checksums.js";
export { underMaintenanceLock } from "./sealed/maintenance_lock.js";
export { cleanParquet, nameParquet } from "./sealed/parquet_files.js";
export { findDisorder, listSegments, type Segment, segmentPaths } from "./sealed/segments.js";
export {
  type Appended,
  type AppendFailure,
  type AppendLog,
  type AppendOutcome,
  type FileControl,
  type FilePolicies,
  type Journal,
  type JournalLog,
  type JournalObserver,
  JournalOpenError,
  JournalShortage,
  type JournalState,
  type RowReader,
  type Rows,
  type RowsListener,
  type Search,
} from "./types.js";
