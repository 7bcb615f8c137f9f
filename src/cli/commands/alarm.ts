import { Command } from "commander";
import { namedSql } from "../../query/catalog.js";
import { type CliCommand, write } from "../context.js";
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

/** `sessionlog alarm`: tells accepted fills that are not grounded in the roster. */
export function createAlarm(): CliCommand {
  const command = new Command("sessionlog alarm")
    .description(
      "Says in one line that every accepted fill of the session log is grounded in the roster, or lists those that are not: ungrounded " +
        "(their daemon stamped them so) and unchecked (there is no stamp), with links to Langfuse when its address is configured. Fit for cron " +
        "and CI: the exit status tells.",
    )
    .addHelpText("after", alarmHelp)
    .option("--allow-unchecked", "let fills without a stamp pass; they are counted only")
    .option("--json", "print one JSON object");
  const journal = addJournalOptions(command, { langfuse: true });
  return {
    command,
    async run(context) {
      const { allowUnchecked, json } = command.opts();
      const config = journal.load(context);
      const sql = namedSql("alarm");
      const { value, incomplete } = await journal.read(context, config, {}, async (reader) => ({
        fills: await readNumber(reader, acceptedFills),
        groups: await gatherFindings(reader, sql, config.langfuse.url),
      }));
      const ungrounded = value.groups.get("ungrounded");
      const unchecked = value.groups.get("unchecked");
      const raised = ungrounded !== undefined || (unchecked !== undefined && allowUnchecked !== true);
      const report = { fills: value.fills, ungrounded, unchecked, raised, incomplete };
      await write(context.stdout, json === true ? printJson(report) : printText(report));
      return raised || incomplete ? 1 : 0;
    },
  };
}

interface Report {
  readonly fills: number;
  readonly ungrounded: FindingGroup | undefined;
  readonly unchecked: FindingGroup | undefined;
  readonly raised: boolean;
  readonly incomplete: boolean;
}

function printText({ fills, ungrounded, unchecked, raised, incomplete }: Report): string {
  const counts = `${number(ungrounded?.count ?? 0)} ungrounded, ${number(unchecked?.count ?? 0)} unchecked of ${number(fills)} accepted fills`;
  if (raised) {
    return `ALARM: ${counts}\n${printGroup("ungrounded", ungrounded)}${printGroup("unchecked", unchecked)}`;
  }
  const found = unchecked === undefined ? `all ${number(fills)} accepted fills are grounded` : counts;
  return `${incomplete ? "no alarm in what could be read" : "ok"}: ${found}\n`;
}

function printJson({ fills, ungrounded, unchecked, raised, incomplete }: Report): string {
  const members = [
    `"alarm":${raised}`,
    `"complete":${!incomplete}`,
    `"accepted_fills":${fills}`,
    `"ungrounded_count":${ungrounded?.count ?? 0}`,
    `"unchecked_count":${unchecked?.count ?? 0}`,
    `"ungrounded":${jsonGroup(ungrounded)}`,
    `"unchecked":${jsonGroup(unchecked)}`,
  ];
  return `{${members.join(",")}}\n`;
}

const alarmHelp = `
Environment:
  SESSIONLOG_CONFIG        the configuration file, unless --config is given
  SESSIONLOG_LOG_PATH      the session log, unless --path is given
  SESSIONLOG_LANGFUSE_URL  where Langfuse is, unless --langfuse-url is given

Exit status:
  0  every accepted fill is grounded
  1  one is not; or the log, or a file of it, cannot be read
  2  wrong usage or configuration

Examples:
  sessionlog alarm
  sessionlog alarm --since 1d --allow-unchecked
  sessionlog alarm --json --path /var/lib/sessionlog | jq .ungrounded`;
