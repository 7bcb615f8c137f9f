import { Command } from "commander";
import { namedSql } from "../../query/catalog.js";
import { type CliCommand, write } from "../context.js";
import { addJournalOptions, langfuseEnvironmentHelp } from "../options/journal_options.js";
import { number, printGroups, printReportJson, readReport, type SessionReport } from "../output/session_groups.js";

const HEADINGS = { ungrounded: "ungrounded", unchecked: "unchecked" };

/** `sessionlog alarm`: lists accepted fills that are not grounded in the roster. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog alarm")
    .description(`Checks that every accepted fill of the session log is grounded in the roster and lists those that are
not: ungrounded (stamped false by their daemon) and unchecked (without a stamp), with links to Langfuse when its
address is configured. For cron and CI: the exit status is 1 when there are any.`)
    .option("--allow-unchecked", "count fills without a stamp, but raise no alarm for them")
    .option("--json", "print one JSON object");
  const journal = addJournalOptions(command, { langfuse: true });
  return {
    command,
    help: alarmHelp,
    async run(context) {
      const { allowUnchecked, json } = command.opts();
      const config = journal.load(context);
      const sql = namedSql("alarm");
      const { value, incomplete } = await journal.read(context, config, {}, (reader) =>
        readReport(reader, sql, config.langfuse.url),
      );
      const raised = value.groups.has("ungrounded") || (value.groups.has("unchecked") && allowUnchecked !== true);
      const text =
        json === true
          ? printReportJson({ alarm: raised, complete: !incomplete }, value, Object.keys(HEADINGS))
          : printText(value, raised, incomplete);
      await write(context.stdout, text);
      return raised || incomplete ? 1 : 0;
    },
  };
}

function printText(report: SessionReport, raised: boolean, incomplete: boolean): string {
  const { accepted_fills, groups } = report;
  const count = (finding: string) => `${number(groups.get(finding)?.count ?? 0)} ${finding}`;
  const counts = `${count("ungrounded")}, ${count("unchecked")} of ${number(accepted_fills)} accepted fills`;
  if (raised) return `ALARM: ${counts}\n${printGroups(report, HEADINGS)}`;
  const found = groups.size === 0 ? `all ${number(accepted_fills)} accepted fills are grounded` : counts;
  return `${incomplete ? "no alarm in what could be read" : "ok"}: ${found}\n`;
}

const alarmHelp = `
${langfuseEnvironmentHelp}

Exit status:
  0  every accepted fill is grounded
  1  at least one is not, or the session log or one of its files cannot be read
  2  wrong usage or configuration

Examples:
  sessionlog alarm
  sessionlog alarm --since 1d --allow-unchecked
  sessionlog alarm --json --path /var/lib/sessionlog | jq .ungrounded`;
