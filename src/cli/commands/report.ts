import { relative, resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { count } from "../../config/values.js";
import type { ReportData } from "../../view/report/report_data.js";
import { type CliCommand, type CliContext, UsageError } from "../context.js";
import { addJournalOptions, langfuseEnvironmentHelp } from "../options/journal_options.js";
import { valueOption } from "../options/option_values.js";
import { rosterName, rosterQuestions } from "../options/roster_options.js";
import { replaceTextFile } from "../output/output_file.js";
import { langfuseLink } from "../output/session_groups.js";
import { programVersion } from "../version.js";

const LIMIT_DEFAULT = 200;
const LIMIT_MAX = 10_000;
/** Options that say which sessions are asked about, as the report names them. */
const FILTER_OPTIONS = ["since", "until", "kind", "daemon", "model", "provider", "verdict"] as const;

interface ReportOptions {
  readonly html?: string;
  readonly limit?: number;
  readonly prompts: boolean;
  readonly failOnAlarm?: boolean;
}

/** `sessionlog report`: one HTML file about a session log. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog report")
    .description(
      "Writes one HTML file that shows the session log at a glance, to keep, to send or to print: alarm, sessions a day, first-shot " +
        "success by model and week, refusals, every fill that is not grounded (with a roster: by name), regressions, refusals in a row, " +
        "infrastructure errors, the newest sessions, and the SQL of each figure. It has no script and needs no network.",
    )
    .option("--html <file>", "the file to write, replaced only when the report is complete", nonEmpty)
    .addOption(
      valueOption(
        "--limit <number>",
        `newest flagged sessions that are shown whole (default: ${LIMIT_DEFAULT})`,
        count(0, LIMIT_MAX),
      ),
    )
    .option("--no-prompts", "leave out prompts and artifacts")
    .option("--fail-on-alarm", "exit with 1 when a fill is flagged");
  const journal = addJournalOptions(command, ["langfuse", "audit"]);
  return {
    command,
    help: reportHelp,
    async run(context) {
      const { html, limit = LIMIT_DEFAULT, prompts, failOnAlarm = false } = command.opts<ReportOptions>();
      if (html === undefined) throw new UsageError("report needs --html <file>");
      const config = journal.load(context);
      const paths = journal.paths(context, config);
      const has_roster = config.audit.roster !== "";
      const questions = has_roster ? rosterQuestions(config) : {};
      const { readReportData } = await import("../../view/report/read_report.js");
      const { readSource } = await import("../../view/report/read_source.js");
      const { renderReport } = await import("../../view/report/render_report.js");
      const write = async (sink: (text: string) => Promise<void>) => {
        const { value, warnings, incomplete, unread_lines } = await journal.read(
          context,
          config,
          questions,
          async (reader) =>
            readReportData(reader, {
              version: programVersion(),
              now_ms: context.now_ms(),
              source: await readSource(
                paths,
                paths.map((path) => shownPath(path, context)),
              ),
              filters: filterTexts(command.opts()),
              roster: has_roster
                ? { name: rosterName(config, context), variables: questions.variables ?? {} }
                : undefined,
              limit,
              bodies: prompts,
              langfuseLink: (id) => langfuseLink(config.langfuse.url, id),
            }),
        );
        const { rows } = value.overview.journal;
        if (rows === 0) context.stderr.write("sessionlog: no row of a session log was read\n");
        const complete = !incomplete && unread_lines === 0 && rows > 0;
        await sink(await renderReport(withWarnings(value, warnings, complete)));
        return { complete, flagged: value.flagged.counts.length > 0 };
      };
      const { complete, flagged } = await replaceTextFile(resolve(context.cwd, html), write, context.supervisor);
      return !complete || (flagged && failOnAlarm) ? 1 : 0;
    },
  };
}

function nonEmpty(text: string): string {
  if (text === "") throw new InvalidArgumentError("Expected the path of a file.");
  return text;
}

/** The path as a user would write it. */
function shownPath(path: string, { cwd }: CliContext): string {
  const near = relative(cwd, path);
  return near === "" || near.startsWith("..") ? path : near;
}

function filterTexts(given: Readonly<Record<string, unknown>>): readonly string[] {
  return FILTER_OPTIONS.flatMap((name) => {
    const value = given[name];
    const values = Array.isArray(value) ? value.map(String) : typeof value === "string" ? [value] : [];
    return values.map((each) => `--${name} ${each}`);
  });
}

function withWarnings(data: ReportData, warnings: readonly string[], complete: boolean): ReportData {
  const journal = { ...data.overview.journal, warnings, complete };
  return { ...data, overview: { ...data.overview, journal } };
}

const reportHelp = `
${langfuseEnvironmentHelp}
  SESSIONLOG_AUDIT_ROSTER  the roster, unless --roster is given

Prompts and artifacts are people's data: only those of flagged sessions are in the file, and its first line says so.

Exit status:
  0  written, also when fills are flagged
  1  no row, or not every file or line of the session log, could be read, or the file cannot be written; with --fail-on-alarm, a fill is
     flagged: not grounded, without a stamp, or with a finding of the audit
  2  wrong usage or configuration

Examples:
  sessionlog report --html report.html
  sessionlog report --html report.html --since 7d --roster roster.csv
  sessionlog report --html /srv/www/sessions.html --no-prompts --fail-on-alarm`;
