import type { Registry } from "prom-client";
import type { Journal, JournalObserver, JournalState } from "../journal/index.js";
import type { JournalFiles } from "./journal_files.js";
import { addCounter, addGauge, addGauges, addHistogram } from "./series.js";

/** Seconds: 100 µs to 10 s. */
const SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ROWS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000];
const BYTES = [1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 8_388_608];

/** As metrics name them; a log that is closed was drained. */
const STATES: readonly JournalState[] = ["opening", "open", "disk_full", "draining", "failed"];

export type JournalView = Pick<Journal, "state" | "queued" | "next_sequence">;

/** @param journal  asked when metrics are read; @param limit_bytes  of its queue */
export function addJournalMetrics(
  registry: Registry,
  journal: () => JournalView,
  limit_bytes: number,
  files: Pick<JournalFiles, "figures">,
): Omit<JournalObserver, "appendRefused" | "stateChanged" | "segmentCompressed"> {
  const gauge = (name: string, help: string, read: () => number) => addGauge(registry, { name, help }, read);
  const counter = (name: string, help: string) => addCounter(registry, { name, help })({});

  const duplicates = counter(
    "sessionlog_rows_duplicate_total",
    "Records that were answered with the sequence of an equal row.",
  );
  gauge("sessionlog_queue_rows", "Rows that wait for the disk.", () => journal().queued.rows);
  gauge("sessionlog_queue_bytes", "Bytes that wait for the disk.", () => journal().queued.bytes);
  gauge("sessionlog_queue_limit_bytes", "Bytes that may wait for the disk.", () => limit_bytes);
  const histogram = (name: string, help: string, buckets: readonly number[]) =>
    addHistogram(registry, { name, help }, buckets)({});
  const observeSync = histogram("sessionlog_fsync_seconds", "How long fdatasync took.", SECONDS);
  const observeRows = histogram("sessionlog_group_rows", "Rows of one write.", ROWS);
  const observeBytes = histogram("sessionlog_group_bytes", "Bytes of one write.", BYTES);
  addGauges(
    registry,
    { name: "sessionlog_journal_state", help: "1 for the state of the session log.", labels: ["state"] },
    () => {
      const now = journal().state === "closed" ? "draining" : journal().state;
      return STATES.map((state) => [{ state }, state === now ? 1 : 0] as const);
    },
  );
  gauge("sessionlog_last_sequence", "The sequence of the last row on disk.", () => journal().next_sequence - 1);
  let last_append_s = 0;
  gauge(
    "sessionlog_last_append_timestamp_seconds",
    "When the last row was stored; 0: none since the start.",
    () => last_append_s,
  );
  gauge("sessionlog_segments", "Sealed segments.", () => files.figures.segments);
  gauge("sessionlog_journal_bytes", "Bytes of the session log and its sealed segments.", () => files.figures.bytes);
  gauge(
    "sessionlog_oldest_row_timestamp_seconds",
    "The timestamp of the oldest row; 0: there is none.",
    () => files.figures.oldest_row_s,
  );
  gauge("sessionlog_disk_free_bytes", "Room on the session log's file system.", () => files.figures.free_bytes);
  gauge("sessionlog_disk_total_bytes", "Size of the session log's file system.", () => files.figures.total_bytes);
  const rotations = counter("sessionlog_rotations_total", "Segments that were sealed.");
  const removed = counter("sessionlog_retention_removed_segments_total", "Sealed segments that retention removed.");
  const failures = counter(
    "sessionlog_janitor_failures_total",
    "Failures of checksums, compression and retention, which are tried again.",
  );
  const torn = counter("sessionlog_torn_bytes_total", "Bytes moved aside that a crash left at the end of the log.");

  return {
    groupStored(rows, bytes, _write_ms, sync_ms) {
      // 0 where there was none.
      if (sync_ms > 0) observeSync(sync_ms / 1_000);
      observeRows(rows);
      observeBytes(bytes);
      last_append_s = Date.now() / 1_000;
    },
    duplicateRows(rows) {
      duplicates.count += rows;
    },
    segmentSealed() {
      rotations.count += 1;
    },
    segmentsRemoved(segments) {
      removed.count += segments;
    },
    maintenanceFailed() {
      failures.count += 1;
    },
    tailTorn(bytes) {
      torn.count += bytes;
    },
  };
}
