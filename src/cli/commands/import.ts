import { BATCH_RECORDS_MAX } from "@sessionlog/protocol/gen/limits";
import { Command } from "commander";
import type { Config } from "../../config/config.js";
import { duration } from "../../config/quantities.js";
import { createRecordToRow } from "../../record/index.js";
import { type CliCommand, type CliContext, UsageError, WorkError, write } from "../context.js";
import { cutBatches, type RefusedRow, type Row } from "../ingest/batches.js";
import { createLegacyRow } from "../ingest/legacy_row.js";
import { type Line, openInput, readLines } from "../ingest/lines.js";
import { type OpenJournal, openJournal } from "../ingest/open_journal.js";
import { openRejects, REJECTS_HELP, rejectsOption, rejectsPath } from "../ingest/rejects.js";
import { findSameFile } from "../ingest/same_file.js";
import { NO_ROWS, type RowCounts, type StoreOutcome, storeBatches } from "../ingest/store_batches.js";
import { createJournalSender } from "../ingest/to_journal.js";
import { valueOption } from "../options/option_values.js";
import { addConfigOptions, configurationHelp } from "../options/settings_options.js";
import { createProgress, type Progress } from "../progress.js";
import { stopOnSignal, untilStopped } from "../signals.js";

interface ImportOptions {
  readonly rejects?: string;
  readonly timeout: number;
}

/** Written and synced at once. */
const BATCH_BYTES_MAX = 4 * 1024 * 1024;

/** `sessionlog import`: stores the rows of JSONL files in a journal that no service is writing. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog import")
    .description(`Stores the rows of JSONL files in a session log, in the order of the files, while no service is
writing to it. Rows of the older in-process loggers are accepted too, and written as the service writes them. A row
that is already anywhere in the session log is not stored again, so running it twice is safe. At the end it prints,
for example:

    imported 998, duplicate 0, refused 2`)
    .argument("<file...>", "JSONL files, or .gz or .zst ones; - is standard input")
    .addOption(rejectsOption())
    .addOption(
      valueOption("--timeout <duration>", "how long to wait for space on the disk", duration("100ms", "24h"), "60s"),
    );
  const options = addConfigOptions(
    command,
    ({ section, key }) => ["rotation", "retention"].includes(section) || ["path", "durability", "kinds"].includes(key),
  );
  options.alias("--daemon", "<name>", "the daemon of rows without one (default: none)", "record", "default_daemon");
  return {
    command,
    help: importHelp,
    run: (context) => importFiles(command.args, options.load(context).config, command.opts<ImportOptions>(), context),
  };
}

async function importFiles(
  files: readonly string[],
  config: Config,
  options: ImportOptions,
  context: CliContext,
): Promise<number> {
  const { stdout, stderr, monotonic_ms } = context;
  const same = await findSameFile(config.log.path, files, context);
  if (same !== undefined) throw new UsageError(`${same} is the session log to write to; see [log] path`);
  const rejects_path = await rejectsPath(options.rejects, files, context);
  const progress = createProgress(stderr, monotonic_ms);
  const journal = await openJournal(config, progress, context);
  const outcome = await importRows(files, rejects_path, config, options, journal, progress, context).finally(
    journal.close,
  );
  const { appended, duplicate, refused } = outcome.counts;
  await write(stdout, `imported ${appended}, duplicate ${duplicate}, refused ${refused}\n`);
  const failure = outcome.failure ?? journal.failure();
  if (failure !== undefined) throw new WorkError(failure);
  return refused > 0 ? 1 : 0;
}

interface Imported {
  readonly counts: RowCounts;
  /** One line; undefined when every line was stored or refused. */
  readonly failure: string | undefined;
}

async function importRows(
  files: readonly string[],
  rejects_path: string | undefined,
  { record, rotation }: Config,
  { timeout }: ImportOptions,
  { journal }: OpenJournal,
  progress: Progress,
  context: CliContext,
): Promise<Imported> {
  const { monotonic_ms, sleep } = context;
  const rejects = await openRejects(rejects_path, context.stderr, { name_files: files.length > 1 });
  const stop = stopOnSignal(context.signals);
  const send = createJournalSender({ journal, timeout_ms: timeout, stop: stop.signal, monotonic_ms, sleep });
  const readRow = createRowReader(createLegacyRow(createRecordToRow(record), record.default_daemon));
  // A group is never split over two files, so a group larger than the limit would make every file too large.
  const max_bytes = rotation.max_bytes > 0 ? Math.min(rotation.max_bytes, BATCH_BYTES_MAX) : BATCH_BYTES_MAX;
  let counts = NO_ROWS;
  try {
    for (const file of files) {
      const lines = readLines(openInput(file, context), file);
      const batches = untilStopped(cutBatches(lines, { max_rows: BATCH_RECORDS_MAX, max_bytes, readRow }), stop.signal);
      const outcome = await storeBatches({ file, batches, send, rejects, progress, before: counts });
      counts = outcome.counts;
      if (outcome.failure !== undefined) return { counts, failure: describeFailure(file, outcome.failure) };
    }
    return { counts, failure: undefined };
  } finally {
    stop.end();
    await rejects.close();
  }
}

function createRowReader(read: ReturnType<typeof createLegacyRow>): (line: Line) => Row | RefusedRow {
  return (line) => {
    const found = read(line);
    return found.ok ? { line, record: found.row } : { line, violations: found.violations, omitted: 0 };
  };
}

function describeFailure(file: string, failure: NonNullable<StoreOutcome["failure"]>): string {
  const { message, resume_line } = failure;
  const again = "run it again: rows already stored count as duplicates";
  return `${message}; resume from line ${resume_line} of ${file}, or ${again}`;
}

const importHelp = `
Rows of older loggers are stored as the service writes them: keys in its order, the artifact's keys sorted, timestamps
in UTC, unnecessary escapes removed, null attempts as []. An empty session_id becomes the first 32 hex digits of the
SHA-256 of the line without its line ending, so the same line always gets the same id. An empty daemon becomes that of
--daemon ([record] default_daemon). A row without a timestamp is refused, since an invented one would differ each
time; so is a row with an unknown key. Blank lines are skipped.

The whole session log is read before the first row is stored. A row that is already there, or was in an earlier file, is
not stored again; rows removed by retention are unknown. Rotation, compression and retention are those of the
configuration; segments not yet compressed at the end are compressed at the next start of the service.

A running service has the session log locked: import then ends at once and names the lock file.

${REJECTS_HELP}

While the disk is full it waits, up to --timeout. After that, and after SIGINT or SIGTERM, the batch in progress is
finished, the summary is printed, and on standard error the line to resume from. Running it again from the beginning
gives the same result, but takes longer.
${configurationHelp}

Exit status:
  0  every row is in the session log
  1  rows were refused, a file cannot be read, the session log is in use or cannot be written, or a signal came
  2  wrong usage or configuration

Examples:
  sessionlog import --daemon validatord old/2026-*.jsonl
  sessionlog import --rejects refused.jsonl old.jsonl.gz
  ssh host cat /var/log/sessions.jsonl | sessionlog import -`;
