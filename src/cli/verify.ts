import { Command } from "commander";
import { createRecordToRow } from "../record/index.js";
import { type CliCommand, type CliContext, WorkError, write } from "./context.js";
import { formatViolations } from "./line_record.js";
import { openInput, readLines } from "./lines.js";
import { createRowCheck, type RowCheck } from "./row_check.js";
import { addConfigOptions } from "./settings_options.js";

/** `sessionlog verify`: checks every row of files. */
export function createVerify(): CliCommand {
  const command = new Command("sessionlog verify")
    .description(
      "Checks every row of the files (- is standard input) against the schema and the rules that compare fields, and prints each row that " +
        "breaks them as FILE:LINE: with what is wrong. The last line says how many rows were checked.\n\n" +
        "Rows of older loggers are read too: attempts may be null, session_id empty, keys in any order. Such rows, and any other that the service " +
        "would write differently, are counted as legacy, not refused. Blank lines are passed over.",
    )
    .argument("<file...>", "JSONL files")
    .addHelpText("after", verifyHelp);
  const options = addConfigOptions(command, ({ section, key }) => section === "record" && key === "kinds");
  options.alias("--daemon", "<name>", "the daemon of rows that name none (default: none)", "record", "default_daemon");
  return {
    command,
    async run(context) {
      const { kinds, default_daemon } = options.load(context).config.record;
      const check = createRowCheck(createRecordToRow({ kinds }), default_daemon);
      const counts = { checked: 0, legacy: 0, refused: 0 };
      let unread = 0;
      for (const file of command.args) {
        try {
          await verifyFile(file, check, counts, context);
        } catch (error) {
          if (!(error instanceof WorkError)) throw error;
          unread += 1;
          context.stderr.write(`sessionlog: ${error.message}\n`);
        }
      }
      await write(context.stdout, `checked ${counts.checked}, legacy ${counts.legacy}, refused ${counts.refused}\n`);
      return counts.refused + unread > 0 ? 1 : 0;
    },
  };
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
      const finding = check(line);
      counts.checked += 1;
      if (finding.kind === "legacy") counts.legacy += 1;
      if (finding.kind !== "refused") continue;
      counts.refused += 1;
      report += `${file}:${line.number}: ${formatViolations(finding.violations)}\n`;
    }
    await write(context.stdout, report);
  }
}

const verifyHelp = `
The kinds and the daemon are those of the configuration (--config, SESSIONLOG_CONFIG, ./sessionlog.toml),
unless given here.

Environment:
  SESSIONLOG_CONFIG                 the configuration file, unless --config is given
  SESSIONLOG_RECORD_KINDS           the kinds, separated by commas
  SESSIONLOG_RECORD_DEFAULT_DAEMON  the daemon of rows that name none

Exit status:
  0  every row is right
  1  a row is not, the last line is torn, or a file cannot be read
  2  wrong usage or configuration

Examples:
  sessionlog verify data/sessions.jsonl
  sessionlog verify --daemon validatord old/*.jsonl
  zcat data/sessions-*.jsonl.gz | sessionlog verify -`;
