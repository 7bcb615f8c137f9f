import { Command } from "commander";
import type { JournalReader } from "../../query/index.js";
import { type CliCommand, WorkError, write } from "../context.js";
import { addJournalOptions, langfuseEnvironmentHelp } from "../options/journal_options.js";
import { langfuseLink } from "../output/session_groups.js";
import { type ShownAttempt, type ShownSession, sessionText } from "../output/session_text.js";
import { terminalOf } from "../output/terminal.js";

/** Listed of an id's beginning that several have. */
const IDS_MAX = 10;

const SQL = `
  SELECT * REPLACE (json_pretty(artifact) AS artifact)
  FROM sessions
  WHERE starts_with(session_id, getvariable('session_id'))
  ORDER BY session_id <> getvariable('session_id'), timestamp
  LIMIT ${IDS_MAX + 1}`;

/** `sessionlog show`: prints a session for a person. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog show")
    .description(`Prints a session of the session log: how it ended, what was asked, each attempt with the reason of its
refusal, the artifact, whether everybody in it is on the roster, and a link to Langfuse when its address is configured.`)
    .argument("<id>", "the session's id, or a beginning that no other has");
  const journal = addJournalOptions(command, ["langfuse"]);
  return {
    command,
    help: showHelp,
    async run(context) {
      const [id = ""] = command.args;
      const config = journal.load(context);
      const questions = { variables: { session_id: id } };
      const { value, incomplete, unread_lines } = await journal.read(context, config, questions, (reader) =>
        readSessions(reader, config.langfuse.url),
      );
      const sessions = pick(value, id);
      const texts = sessions.map((session) => sessionText(session, terminalOf(context)));
      await write(context.stdout, texts.join("\n"));
      return incomplete || unread_lines > 0 ? 1 : 0;
    },
  };
}

/** The sessions of one id: a row may be there twice. */
function pick(sessions: readonly ShownSession[], id: string): readonly ShownSession[] {
  const exact = sessions.filter(({ session_id }) => session_id === id);
  if (exact.length > 0) return exact;
  const ids = [...new Set(sessions.map(({ session_id }) => session_id))];
  if (ids.length === 0) throw new WorkError(`no session has an id that begins with ${id}`);
  if (ids.length > 1) {
    const shown = ids.slice(0, IDS_MAX).join(", ") + (ids.length > IDS_MAX ? ", …" : "");
    throw new WorkError(`several ids begin with ${id}: ${shown}`);
  }
  return sessions;
}

async function readSessions(reader: JournalReader, langfuse_url: string): Promise<readonly ShownSession[]> {
  const { columns, batches } = await reader.select(SQL);
  const sessions: ShownSession[] = [];
  for await (const rows of batches()) {
    for (const row of rows) {
      const texts = new Map(columns.map(({ name, text }, index) => [name, text(row[index] ?? null)]));
      const text = (name: string) => texts.get(name) ?? "";
      const stamp = texts.get("grounded_in_roster");
      const attempts: unknown = JSON.parse(texts.get("attempts") ?? "[]");
      sessions.push({
        session_id: text("session_id"),
        timestamp: text("timestamp"),
        daemon: text("daemon"),
        kind: text("kind"),
        model: text("model"),
        provider: text("provider"),
        prompt: text("prompt"),
        final_verdict: text("final_verdict"),
        iterations: Number(text("iterations")),
        max_iterations: Number(text("max_iterations")),
        duration_ms: Number(text("duration_ms")),
        attempts: Array.isArray(attempts) ? attempts.map(readAttempt) : [],
        artifact: texts.get("artifact"),
        grounded_in_roster: stamp === undefined ? undefined : stamp === "true",
        link: langfuseLink(langfuse_url, text("session_id")),
      });
    }
  }
  return sessions;
}

function readAttempt(value: unknown): ShownAttempt {
  const { iteration, verdict_kind, error, span_id } = Object(value);
  return {
    iteration: Number(iteration),
    verdict_kind: String(verdict_kind),
    error: typeof error === "string" ? error : undefined,
    span_id: typeof span_id === "string" ? span_id : undefined,
  };
}

const showHelp = `
${langfuseEnvironmentHelp}

Exit status:
  0  printed
  1  no session or more than one has that id, or the session log or one of its files cannot be read
  2  wrong usage or configuration

Examples:
  sessionlog show 4bf92f35
  sessionlog show 4bf92f3577b34da6a3ce929d0e0e4736 --path /var/lib/sessionlog`;
