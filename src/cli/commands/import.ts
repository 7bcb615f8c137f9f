import { Command, Option } from "commander";
import type { Config } from "../../config/config.js";
import { duration } from "../../config/values.js";
import { createRecordToRow } from "../../record/index.js";
import { type CliCommand, type CliContext, UsageError, WorkError, write } from "../context.js";
import { cutBatches, type RefusedRow, type Row } from "../ingest/batches.js";
import { createLegacyRow } from "../ingest/legacy_row.js";
import { type Line, openInput, readLines } from "../ingest/lines.js";
import { BATCH_ROWS, type OpenJournal, openJournal } from "../ingest/open_journal.js";
import { openRefusals, rejectsPath } from "../ingest/rejects.js";
import { findSameFile } from "../ingest/same_file.js";
import { type AppendCounts, type AppendOutcome, appendAll, noRows } from "../ingest/store_batches.js";
import { createJournalSender } from "../ingest/to_journal.js";
import { valueParser } from "../options/option_values.js";
import { addConfigOptions, configurationHelp } from "../options/settings_options.js";
import { createProgress, type Progress } from "../output/progress.js";
import { stopOnSignal, untilStopped } from "../signals.js";
import { importHelp } from "./import_help.js";

interface ImportOptions {
  readonly rejects?: string;
  readonly timeout: number;
}

/** What is written and synced at once. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** `sessionlog import`: stores the rows of JSONL files in a journal that no service is writing. */
export function createImport(): CliCommand {
  const command = new Command("sessionlog import")
    .description(
      "Stores the rows of JSONL files in a session log, in the order of the files, while no service is writing it. Rows of the older " +
        "in-process loggers are taken too, and written as the service writes them. A row that the session log has already, anywhere in it, is not " +
        "stored again: to run it twice is safe. At the end it prints, for example:\n\n" +
        "    imported 998, duplicate 0, refused 2",
    )
    .argument("<file...>", "JSONL files, or .gz ones; - is standard input")
    .addOption(new Option("--rejects <file>", "write the refused rows with what is wrong to this file (see below)"))
    .addOption(
      new Option("--timeout <duration>", "how long to wait for room on the disk before giving up")
        .argParser(valueParser(duration("100ms", "24h")))
        .default(60_000, "60s"),
    )
    .addHelpText("after", `${importHelp}\n${configurationHelp}`);
  const options = addConfigOptions(
    command,
    ({ section, key }) => ["rotation", "retention"].includes(section) || ["path", "durability", "kinds"].includes(key),
  );
  options.alias("--daemon", "<name>", "the daemon of rows that name none (default: none)", "record", "default_daemon");
  return {
    command,
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
  const itself = await findSameFile(config.log.path, files, context);
  if (itself !== undefined) throw new UsageError(`${itself} is the session log that is written; see [log] path`);
  const rejects = await rejectsPath(options.rejects, files, context);
  const progress = createProgress(stderr, monotonic_ms);
  const journal = await openJournal(config, progress, context);
  const outcome = await importRows(files, rejects, config, options, journal, progress, context).finally(journal.close);
  const { appended, duplicate, refused } = outcome.counts;
  await write(stdout, `imported ${appended}, duplicate ${duplicate}, refused ${refused}\n`);
  const failure = outcome.failure ?? journal.failure();
  if (failure !== undefined) throw new WorkError(failure);
  return refused > 0 ? 1 : 0;
}

interface Imported {
  readonly counts: AppendCounts;
  /** One line; undefined when every line was dealt with. */
  readonly failure: string | undefined;
}

async function importRows(
  files: readonly string[],
  rejects: string | undefined,
  { record, rotation }: Config,
  { timeout }: ImportOptions,
  { journal }: OpenJournal,
  progress: Progress,
  context: CliContext,
): Promise<Imported> {
  const { monotonic_ms, sleep } = context;
  const refusals = await openRefusals(rejects, context.stderr, files.length > 1);
  const stop = stopOnSignal(context.signals);
  const send = createJournalSender({ journal, timeout_ms: timeout, stop: stop.signal, monotonic_ms, sleep });
  const readRow = createRowReader(createLegacyRow(createRecordToRow(record), record.default_daemon));
  // A group is never split over two files: one that is larger than a file may be would make each file too large.
  const max_bytes = rotation.max_bytes > 0 ? Math.min(rotation.max_bytes, BATCH_BYTES) : BATCH_BYTES;
  let counts = noRows;
  try {
    for (const file of files) {
      const lines = readLines(openInput(file, context), file);
      const batches = untilStopped(cutBatches(lines, { max_rows: BATCH_ROWS, max_bytes, readRow }), stop.signal);
      const outcome = await appendAll({ file, batches, send, refusals, progress, before: counts });
      counts = outcome.counts;
      if (outcome.failure !== undefined) return { counts, failure: tellFailure(file, outcome.failure) };
    }
    return { counts, failure: undefined };
  } finally {
    stop.end();
    await refusals.end();
  }
}

function createRowReader(read: ReturnType<typeof createLegacyRow>): (line: Line) => Row | RefusedRow {
  return (line) => {
    const found = read(line);
    return found.ok ? { line, record: found.row } : { line, violations: found.violations, omitted: 0 };
  };
}

function tellFailure(file: string, failure: NonNullable<AppendOutcome["failure"]>): string {
  const { message, resume_line } = failure;
  return `${message}; resume from line ${resume_line} of ${file}, or run it again: what is stored counts as duplicate`;
}
