import { Command } from "commander";
import { count } from "../../config/values.js";
import { type CliCommand, UsageError, write } from "../context.js";
import { addJournalOptions, langfuseEnvironmentHelp } from "../options/journal_options.js";
import { valueOption } from "../options/option_values.js";
import { rosterName, rosterQuestions } from "../options/roster_options.js";
import {
  LISTED_DEFAULT,
  LISTED_JSON_DEFAULT,
  newestText,
  number,
  printGroups,
  printReportJson,
  readReport,
  type SessionReport,
} from "../output/session_groups.js";
import { paint, type Terminal, terminalOf } from "../output/terminal.js";
import { findUnknownNames } from "../output/unknown_names.js";
import { filterText } from "./alarm.js";

/** Of the findings of the query. */
const HEADINGS = {
  confirmed_ungrounded: "not on the roster, and stamped so",
  claimed_grounded: "claimed grounded, but not on the roster",
  claimed_ungrounded: "claimed ungrounded, but on the roster",
  never_checked: "never checked",
  no_ids: "no list of ids in the artifact",
};

interface AuditOptions {
  readonly json?: boolean;
  readonly limit?: number;
}

/** `sessionlog audit`: checks accepted fills against a roster. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog audit")
    .description(
      "Checks the daemons and their models: looks up the worker ids of every accepted fill's artifact in the roster, and lists the " +
        "sessions that name somebody who is not on it, those whose stamp grounded_in_roster is wrong, those without a stamp, and those " +
        "whose artifact has no list of ids.",
    )
    .addOption(
      valueOption(
        "--limit <number>",
        `newest sessions of each finding that are listed (default: ${LISTED_DEFAULT}, ${number(LISTED_JSON_DEFAULT)} with --json)`,
        count(1, LISTED_JSON_DEFAULT),
      ),
    )
    .option("--json", "print one JSON object");
  const journal = addJournalOptions(command, ["langfuse", "audit"]);
  return {
    command,
    help: auditHelp,
    async run(context) {
      const { json, limit } = command.opts<AuditOptions>();
      const config = journal.load(context);
      if (config.audit.roster === "")
        throw new UsageError("audit needs --roster <file>, or [audit] roster in the configuration");
      const filter = journal.filter(context);
      const findings = {
        query: "audit",
        named: true,
        limit: limit ?? (json === true ? LISTED_JSON_DEFAULT : LISTED_DEFAULT),
      } as const;
      const outcome = await journal.read(context, config, rosterQuestions(config), async (reader) => {
        const report = await readReport(reader, findings, config.langfuse.url);
        return { report, unknown: report.accepted_fills === 0 ? await findUnknownNames(reader, filter) : [] };
      });
      const { report, unknown } = outcome.value;
      for (const line of unknown) context.stderr.write(`sessionlog: ${line}\n`);
      const complete = !outcome.incomplete && outcome.unread_lines === 0 && report.sessions > 0;
      const ok = report.groups.size === 0 && complete;
      const parts = {
        roster: rosterName(config, context),
        complete,
        filter: filterText(filter),
        now_ms: context.now_ms(),
      };
      const text =
        json === true
          ? printReportJson({ ok, complete }, report, Object.keys(HEADINGS))
          : printText(report, parts, terminalOf(context));
      await write(context.stdout, text);
      return ok ? 0 : 1;
    },
  };
}

interface Parts {
  readonly roster: string;
  readonly complete: boolean;
  readonly filter: string;
  readonly now_ms: number;
}

function printText(report: SessionReport, { roster, complete, filter, now_ms }: Parts, terminal: Terminal): string {
  const total = number(report.accepted_fills);
  const newest = newestText(report, now_ms);
  let found = 0;
  for (const group of report.groups.values()) found += group.count;
  if (found > 0) {
    const what = `${number(found)} finding${found === 1 ? "" : "s"} in ${total} accepted fills, checked against ${roster}`;
    return `${paint(terminal, "AUDIT", "red")}: ${what}\n${printGroups(report, HEADINGS, "sessionlog query audit", terminal)}`;
  }
  if (report.sessions === 0) return "NOT OK: no row of a session log was read\n";
  if (report.accepted_fills === 0) return `nothing to check: no accepted fill${filter}; ${newest}\n`;
  const match = `all ${total} accepted fills are stamped as on ${roster}; ${newest}`;
  return `${complete ? "ok" : "nothing found in what could be read"}: ${match}\n`;
}

const auditHelp = `
${langfuseEnvironmentHelp}
  SESSIONLOG_AUDIT_ROSTER  the roster, unless --roster is given

Exit status:
  0  everybody named is on the roster and every stamp says so, or there is nothing to check, which is said
  1  somebody is not, a stamp is wrong or missing, or the roster, the session log or a line of it cannot be read
  2  wrong usage or configuration

Examples:
  sessionlog audit --roster roster.csv
  sessionlog audit --roster staff.parquet --roster-id id --ids "slots[].id"`;
