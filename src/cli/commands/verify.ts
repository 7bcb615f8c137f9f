import { stat } from "node:fs/promises";
import { basename, dirname, relative, resolve } from "node:path";
import { Command } from "commander";
import { nodeDisk } from "../../journal/index.js";
import { createRecordToRow } from "../../record/index.js";
import { type CliCommand, type CliContext, WorkError, write } from "../context.js";
import { formatViolations } from "../ingest/line_record.js";
import { openInput, readLines } from "../ingest/lines.js";
import { createRowCheck, type RowCheck } from "../ingest/row_check.js";
import { addConfigOptions } from "../options/settings_options.js";
import { type JournalTally, verdict, verifyDirectory } from "./verify_journals.js";

/** `sessionlog verify`: checks whole journals, and every row of files. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog verify")
    .description(`Checks whole session logs: all those in a directory or, without a path, the configured one. Each
problem is printed with its file; the last line is the verdict, for example:

    sound: 12 segments, 123456 rows, sequences 1 to 123456

For a file (- is standard input, .gz and .zst are decompressed) only its rows are checked; the last line then counts them.
Nothing is changed, and a service may be running.`)
    .argument("[path...]", "directories of session logs, or JSONL files")
    .option("--deep", "compare Parquet copies with their segments, row by row");
  const options = addConfigOptions(command, ({ key }) => key === "kinds" || key === "path");
  options.alias("--daemon", "<name>", "the daemon of rows without one (default: none)", "record", "default_daemon");
  return {
    command,
    help: verifyHelp,
    async run(context) {
      const { record, log } = options.load(context).config;
      const check = createRowCheck(createRecordToRow(record), record.default_daemon);
      const rows = { checked: 0, legacy: 0, refused: 0 };
      const deep = command.opts().deep === true;
      const journals: JournalTally[] = [];
      let unread = 0;
      if (command.args.length === 0) {
        const path = await nodeDisk.resolve(log.path);
        const directory = relative(context.cwd, dirname(path)) || ".";
        const stem = basename(path, ".jsonl");
        journals.push(...(await verifyDirectory(directory, stem, deep, check, context)));
      }
      let files = 0;
      for (const path of command.args) {
        if (await isDirectory(path, context)) {
          journals.push(...(await verifyDirectory(path, undefined, deep, check, context)));
          continue;
        }
        files += 1;
        try {
          await verifyFile(path, check, rows, context);
        } catch (error) {
          if (!(error instanceof WorkError)) throw error;
          unread += 1;
          context.stderr.write(`sessionlog: ${error.message}\n`);
        }
      }
      const { checked, legacy, refused } = rows;
      if (files > 0) await write(context.stdout, `checked ${checked}, legacy ${legacy}, refused ${refused}\n`);
      if (journals.length > 0) await write(context.stdout, `${verdict(journals)}\n`);
      return refused + unread > 0 || journals.some(({ problems }) => problems > 0) ? 1 : 0;
    },
  };
}

async function isDirectory(path: string, { cwd }: CliContext): Promise<boolean> {
  if (path === "-") return false;
  const [found] = await Promise.allSettled([stat(resolve(cwd, path))]);
  // A path that cannot be examined is reported when it is read.
  return found.status === "fulfilled" && found.value.isDirectory();
}

interface Counts {
  checked: number;
  legacy: number;
  refused: number;
}

async function verifyFile(file: string, check: RowCheck, counts: Counts, context: CliContext): Promise<void> {
  for await (const lines of readLines(openInput(file, context), file)) {
    let report = "";
    for (const line of lines) {
      const row = check(line);
      counts.checked += 1;
      if (row.kind === "legacy") counts.legacy += 1;
      if (row.kind !== "refused") continue;
      counts.refused += 1;
      report += `${file}:${line.number}: ${formatViolations(row.violations)}\n`;
    }
    await write(context.stdout, report);
  }
}

const verifyHelp = `
What is checked in a session log:
  - every sealed segment can be read to its end, compressed or not, and has the number of rows in its name
  - sequences have no gap and no overlap, up to the active file, which starts where <stem>.state says
  - each file listed in <stem>.sha256 is there, and its checksum matches
  - each Parquet copy matches its checksum in <stem>.parquet.sha256, is of its segment as this is now, and has the number
    of rows that it says; with --deep, the very rows
  - no repair is unfinished, and the last line is complete
  - every row, against the schema and the rules that compare fields

Problems are printed as FILE: or FILE:LINE: with what is wrong. FILE: note: is worth knowing but does no harm: files
of other programs, segments without a checksum yet, what an earlier start set aside. A last line without a newline is
watched for a second, since a service may be writing it; if it stays torn it is a problem, which the next start of a
service repairs.

Rows of older loggers are read too: attempts may be null, session_id empty, keys in any order. Such rows, and any
other that the service would write differently, are counted as legacy, not refused. Blank lines are skipped.

The kinds and the daemon are those of the configuration (--config, SESSIONLOG_CONFIG, ./sessionlog.toml) unless given
here.

Environment:
  SESSIONLOG_CONFIG                 the configuration file, unless --config is given
  SESSIONLOG_LOG_PATH               the session log to check without a path
  SESSIONLOG_RECORD_KINDS           the kinds, separated by commas
  SESSIONLOG_RECORD_DEFAULT_DAEMON  the daemon of rows without one

Exit status:
  0  every session log is sound, every row of the files is valid
  1  a problem was found, or a file cannot be read
  2  wrong usage or configuration

Examples:
  sessionlog verify
  sessionlog verify /var/lib/sessionlog
  sessionlog verify --daemon validatord old/*.jsonl
  zcat data/sessions-*.jsonl.gz | sessionlog verify -`;
