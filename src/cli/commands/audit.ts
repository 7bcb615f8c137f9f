import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { namedSql } from "../../query/catalog.js";
import { type CliCommand, type CliContext, write } from "../context.js";
import { addJournalOptions } from "../options/journal_options.js";
import {
  type FindingGroup,
  gatherFindings,
  jsonGroup,
  number,
  printGroup,
  readNumber,
} from "../output/session_groups.js";

const acceptedFills = "SELECT count(*) FROM sessions WHERE kind = 'fill' AND final_verdict = 'accepted'";

/** The kinds of findings that the query tells, and what people read. */
const headings = {
  claimed_grounded: "claimed grounded, but not on the roster",
  claimed_ungrounded: "claimed ungrounded, but on the roster",
  never_checked: "never checked",
  no_ids: "no list of ids in the artifact",
};

/** `sessionlog audit`: checks the stamps of accepted fills against a roster. */
export function createAudit(): CliCommand {
  const command = new Command("sessionlog audit")
    .description(
      "Does not believe the daemons: takes the worker ids out of every accepted fill's artifact, looks them up in the roster, and lists the " +
        "sessions whose stamp grounded_in_roster and reality differ, those that were never checked, and those whose artifact has no list of ids.",
    )
    .addHelpText("after", auditHelp)
    .requiredOption("--roster <file>", "the roster: CSV, Parquet or JSON lines, known by the end of its name")
    .option("--roster-id <column>", "the roster's column with the ids", "worker_id")
    .addOption(
      new Option("--ids <path>", "where the ids are in the artifact")
        .default("fills[].candidate_id")
        .argParser(checkedPath),
    )
    .option("--json", "print one JSON object");
  const journal = addJournalOptions(command, { langfuse: true });
  return {
    command,
    async run(context) {
      const config = journal.load(context);
      const questions = questionsOf(command, context);
      const sql = namedSql("audit");
      const { value, incomplete } = await journal.read(context, config, questions, async (reader) => ({
        fills: await readNumber(reader, acceptedFills),
        groups: await gatherFindings(reader, sql, config.langfuse.url),
      }));
      const report = { ...value, incomplete, roster: String(command.opts().roster) };
      await write(context.stdout, command.opts().json === true ? printJson(report) : printText(report));
      return value.groups.size > 0 || incomplete ? 1 : 0;
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

interface Report {
  readonly fills: number;
  readonly groups: ReadonlyMap<string, FindingGroup>;
  readonly incomplete: boolean;
  readonly roster: string;
}

function printText({ fills, groups, incomplete, roster }: Report): string {
  let count = 0;
  for (const group of groups.values()) count += group.count;
  if (count === 0) {
    const found = `all ${number(fills)} accepted fills are stamped as ${roster} has it`;
    return `${incomplete ? "nothing found in what could be read" : "ok"}: ${found}\n`;
  }
  const unknown = (texts: ReadonlyMap<string, string | undefined>) => {
    const ids = texts.get("unknown_ids") ?? "[]";
    return ids === "[]" ? "" : `not on the roster: ${ids}`;
  };
  const parts = Object.entries(headings).map(([finding, heading]) =>
    printGroup(heading, groups.get(finding), finding === "no_ids" ? undefined : unknown),
  );
  return `AUDIT: ${number(count)} of ${number(fills)} accepted fills differ from ${roster}, or cannot be told\n${parts.join("")}`;
}

function printJson({ fills, groups, incomplete }: Report): string {
  const findings = Object.keys(headings);
  const members = [
    `"ok":${groups.size === 0 && !incomplete}`,
    `"complete":${!incomplete}`,
    `"accepted_fills":${fills}`,
    ...findings.map((finding) => `"${finding}_count":${groups.get(finding)?.count ?? 0}`),
    ...findings.map((finding) => `"${finding}":${jsonGroup(groups.get(finding))}`),
  ];
  return `{${members.join(",")}}\n`;
}

const auditHelp = `
Environment:
  SESSIONLOG_CONFIG        the configuration file, unless --config is given
  SESSIONLOG_LOG_PATH      the session log, unless --path is given
  SESSIONLOG_LANGFUSE_URL  where Langfuse is, unless --langfuse-url is given

Exit status:
  0  every stamp is as the roster has it
  1  one is not, or is missing; or the log, a file of it, or the roster cannot be read
  2  wrong usage or configuration

Examples:
  sessionlog audit --roster roster.csv
  sessionlog audit --roster staff.parquet --roster-id id --ids "slots[].worker.id" --since 30d`;
