import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { namedSql } from "../../query/catalog.js";
import { type CliCommand, type CliContext, write } from "../context.js";
import { addJournalOptions, langfuseEnvironmentHelp } from "../options/journal_options.js";
import { number, printGroups, printReportJson, readReport, type SessionReport } from "../output/session_groups.js";

/** Of the findings of the query. */
const HEADINGS = {
  claimed_grounded: "claimed grounded, but not on the roster",
  claimed_ungrounded: "claimed ungrounded, but on the roster",
  never_checked: "never checked",
  no_ids: "no list of ids in the artifact",
};

/** `sessionlog audit`: checks the stamps of accepted fills against a roster. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog audit")
    .description(`Checks the daemons: looks up the worker ids of every accepted fill's artifact in the roster, and lists
the sessions whose stamp grounded_in_roster is wrong, those without a stamp, and those whose artifact has no list of
ids.`)
    .requiredOption("--roster <file>", "the roster: .csv, .parquet, .jsonl (see its extension)")
    .option("--roster-id <column>", "the roster's column of ids", "worker_id")
    .addOption(
      new Option("--ids <path>", "where the ids are in the artifact")
        .default("fills[].candidate_id")
        .argParser(checkedPath),
    )
    .option("--json", "print one JSON object");
  const journal = addJournalOptions(command, { langfuse: true });
  return {
    command,
    help: auditHelp,
    async run(context) {
      const config = journal.load(context);
      const questions = questionsOf(command, context);
      const sql = namedSql("audit");
      const { value, incomplete } = await journal.read(context, config, questions, (reader) =>
        readReport(reader, sql, config.langfuse.url),
      );
      const { json, roster } = command.opts();
      const ok = value.groups.size === 0 && !incomplete;
      const text =
        json === true
          ? printReportJson({ ok, complete: !incomplete }, value, Object.keys(HEADINGS))
          : printText(value, String(roster), incomplete);
      await write(context.stdout, text);
      return ok ? 0 : 1;
    },
  };
}

function questionsOf(command: Command, { cwd }: CliContext) {
  const { roster, rosterId, ids } = command.opts();
  const file_column = String(rosterId);
  return {
    tables: [{ name: "roster", column: "worker_id", file_column, path: resolve(cwd, String(roster)) }],
    variables: idPaths(String(ids)),
  };
}

const idPath = /^[^.[\]"$*]+(\[\])?(\.[^.[\]"$*]+(\[\])?)*$/;

function checkedPath(text: string): string {
  if (idPath.test(text) && text.includes("[]")) return text;
  throw new InvalidArgumentError('Expected keys and a list, such as "fills[].candidate_id".');
}

/** `fills[].candidate_id` as the JSON paths of the ids and of the entries that must have one. */
function idPaths(path: string) {
  const ids_path = `$${path
    .split(".")
    .map((key) => (key.endsWith("[]") ? `."${key.slice(0, -2)}"[*]` : `."${key}"`))
    .join("")}`;
  return { ids_path, entries_path: ids_path.slice(0, ids_path.lastIndexOf("[*]") + 3) };
}

function printText(report: SessionReport, roster: string, incomplete: boolean): string {
  const total = number(report.accepted_fills);
  let count = 0;
  for (const group of report.groups.values()) count += group.count;
  if (count === 0) {
    const found = `the stamps of all ${total} accepted fills match ${roster}`;
    return `${incomplete ? "nothing found in what could be read" : "ok"}: ${found}\n`;
  }
  const differ = `${number(count)} of ${total} accepted fills differ from ${roster} or cannot be checked`;
  return `AUDIT: ${differ}\n${printGroups(report, HEADINGS)}`;
}

const auditHelp = `
${langfuseEnvironmentHelp}

Exit status:
  0  every stamp matches the roster
  1  at least one does not or is missing, or the roster, the session log or one of its files cannot be read
  2  wrong usage or configuration

Examples:
  sessionlog audit --roster roster.csv
  sessionlog audit --roster staff.parquet --roster-id id --ids "slots[].id"`;
