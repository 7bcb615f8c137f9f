import { Command } from "commander";
import { duration } from "../../config/quantities.js";
import { count } from "../../config/values.js";
import type { SessionFilter } from "../../query/index.js";
import { type CliCommand, write } from "../context.js";
import { addJournalOptions, langfuseEnvironmentHelp } from "../options/journal_options.js";
import { valueOption } from "../options/option_values.js";
import { rosterQuestions } from "../options/roster_options.js";
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
import { minuteText } from "../output/time_text.js";
import { findUnknownNames } from "../output/unknown_names.js";

const HEADINGS = { ungrounded: "ungrounded", unchecked: "unchecked" };
/** With a roster. */
const ROSTER_HEADINGS = { ...HEADINGS, claimed_grounded: "claimed grounded, but not on the roster" };

interface AlarmOptions {
  readonly allowUnchecked?: boolean;
  readonly json?: boolean;
  readonly limit?: number;
  readonly minFills?: number;
  readonly stale?: number;
}

/** `sessionlog alarm`: lists accepted fills that are not grounded in the roster. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog alarm")
    .description(
      "Checks that every accepted fill of the session log is grounded in the roster and lists those that are not: ungrounded (stamped " +
        "false by their daemon) and unchecked (without a stamp), with links to Langfuse when its address is configured. With a roster, it " +
        "names the workers who are not on it, and lists fills with such workers that were stamped true, too. For cron and CI: the exit status is 1 when there are any.",
    )
    .option("--allow-unchecked", "count fills without a stamp, but raise no alarm for them")
    .addOption(valueOption("--min-fills <number>", "fail when there are fewer accepted fills", count(0, 1e9)))
    .addOption(
      valueOption("--stale <duration>", "fail when the newest session is older, such as 2h", duration("1s", "36500d")),
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
    help: alarmHelp,
    async run(context) {
      const options = command.opts<AlarmOptions>();
      const config = journal.load(context);
      const filter = journal.filter(context);
      const named = config.audit.roster !== "";
      const headings = named ? ROSTER_HEADINGS : HEADINGS;
      const limit = options.limit ?? (options.json === true ? LISTED_JSON_DEFAULT : LISTED_DEFAULT);
      const questions = named ? rosterQuestions(config) : {};
      const { value, incomplete, unread_lines } = await journal.read(context, config, questions, async (reader) => {
        const report = await readReport(reader, { query: "alarm", named, limit }, config.langfuse.url);
        return { report, unknown: report.accepted_fills === 0 ? await findUnknownNames(reader, filter) : [] };
      });
      for (const line of value.unknown) context.stderr.write(`sessionlog: ${line}\n`);
      const { report } = value;
      const raised =
        report.groups.has("ungrounded") ||
        report.groups.has("claimed_grounded") ||
        (report.groups.has("unchecked") && options.allowUnchecked !== true);
      const complete = !incomplete && unread_lines === 0 && report.sessions > 0;
      const unmet = unmetConditions(report, options, context.now_ms());
      const text =
        options.json === true
          ? printReportJson({ alarm: raised, complete, met: unmet.length === 0 }, report, Object.keys(headings))
          : printText(
              report,
              { headings, raised, complete, unmet, filter, now_ms: context.now_ms() },
              terminalOf(context),
            );
      await write(context.stdout, text);
      return raised || !complete || unmet.length > 0 ? 1 : 0;
    },
  };
}

/** What was asked for beside grounded fills, and is not so. */
function unmetConditions(report: SessionReport, { minFills, stale }: AlarmOptions, now_ms: number): readonly string[] {
  const { sessions, accepted_fills, newest_ms } = report;
  if (sessions === 0) return ["no row of a session log was read"];
  const unmet: string[] = [];
  if (minFills !== undefined && accepted_fills < minFills) {
    unmet.push(`too few: ${number(accepted_fills)} accepted fills, expected at least ${number(minFills)}`);
  }
  if (stale !== undefined && (newest_ms === undefined || now_ms - newest_ms > stale)) {
    unmet.push(`stale: ${newestText(report, now_ms)}, expected one since ${minuteText(now_ms - stale)}`);
  }
  return unmet;
}

interface Verdict {
  readonly headings: Readonly<Record<string, string>>;
  readonly raised: boolean;
  readonly complete: boolean;
  readonly unmet: readonly string[];
  readonly filter: SessionFilter;
  readonly now_ms: number;
}

function printText(report: SessionReport, verdict: Verdict, terminal: Terminal): string {
  const { accepted_fills, groups } = report;
  const { headings, raised, complete, unmet, filter, now_ms } = verdict;
  const count = (finding: string) => `${number(groups.get(finding)?.count ?? 0)} ${finding}`;
  const claimed = groups.has("claimed_grounded") ? `, ${count("claimed_grounded").replace("_", " ")}` : "";
  const counts = `${count("ungrounded")}, ${count("unchecked")}${claimed} of ${number(accepted_fills)} accepted fills`;
  const newest = newestText(report, now_ms);
  const conditions = unmet.map((line) => `${paint(terminal, "NOT OK", "red")}: ${line}\n`).join("");
  if (raised) {
    const alarm = `${paint(terminal, "ALARM", "red")}: ${counts}\n`;
    return (
      alarm +
      conditions +
      printGroups(report, headings, `sessionlog query ${headings === HEADINGS ? "alarm" : "audit"}`, terminal)
    );
  }
  const found = groups.size === 0 ? `all ${number(accepted_fills)} accepted fills are grounded` : counts;
  if (accepted_fills === 0) return `nothing to check: no accepted fill${filterText(filter)}; ${newest}\n${conditions}`;
  if (!complete) return `no alarm in what could be read: ${found}; ${newest}\n${conditions}`;
  return conditions === "" ? `ok: ${found}; ${newest}\n` : `${conditions}no alarm: ${found}; ${newest}\n`;
}

/** ` since 2026-11-26T05:22Z of the kinds, daemons or models asked for` */
export function filterText({ since_ms, until_ms, kinds, daemons, models, providers }: SessionFilter): string {
  const since = since_ms === undefined ? "" : ` since ${minuteText(since_ms)}`;
  const until = until_ms === undefined ? "" : ` before ${minuteText(until_ms)}`;
  const names = [...kinds, ...daemons, ...models, ...providers];
  return since + until + (names.length === 0 ? "" : ` of ${names.join(", ")}`);
}

const alarmHelp = `
${langfuseEnvironmentHelp}

Exit status:
  0  every accepted fill is grounded, or there is none to check, which is said
  1  at least one is not; no row, or not every line, could be read; or --min-fills or --stale is not met
  2  wrong usage or configuration

With --json, exit status 1 has its reason in "alarm", "complete" and "met".

Examples:
  sessionlog alarm
  sessionlog alarm --since 1d --min-fills 1 --stale 2h
  sessionlog alarm --roster roster.csv
  sessionlog alarm --json --path /var/lib/sessionlog | jq .ungrounded`;
