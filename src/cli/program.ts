import { readFileSync } from "node:fs";
import { Command, CommanderError, Help } from "commander";
import { ConfigError } from "../config/errors.js";
import { type CliCommand, type CliContext, UsageError, WorkError } from "./context.js";
import { oneLine } from "./output/text.js";

interface Entry {
  readonly name: string;
  readonly summary: string;
  /** Loads only the command that is run, to start fast. */
  load(): Promise<() => CliCommand>;
}

const ENTRIES: readonly Entry[] = [
  {
    name: "serve",
    summary: "run the service: sessions in over gRPC, durable rows out",
    load: async () => (await import("./commands/serve.js")).createServe,
  },
  {
    name: "append",
    summary: "send rows from a JSONL file to a service",
    load: async () => (await import("./commands/append.js")).createAppend,
  },
  {
    name: "tail",
    summary: "print the last sessions of a service and follow new ones",
    load: async () => (await import("./commands/tail.js")).createTail,
  },
  {
    name: "query",
    summary: "query the session log, by name or in SQL",
    load: async () => (await import("./commands/query.js")).createQuery,
  },
  {
    name: "alarm",
    summary: "list accepted fills that are not grounded in the roster",
    load: async () => (await import("./commands/alarm.js")).createAlarm,
  },
  {
    name: "audit",
    summary: "check the stamps of accepted fills against a roster",
    load: async () => (await import("./commands/audit.js")).createAudit,
  },
  {
    name: "verify",
    summary: "check session logs, or the rows of files",
    load: async () => (await import("./commands/verify.js")).createVerify,
  },
  {
    name: "import",
    summary: "store rows of files in a session log, without a service",
    load: async () => (await import("./commands/import.js")).createImport,
  },
  {
    name: "check-config",
    summary: "print the effective configuration and its origins",
    load: async () => (await import("./commands/check_config.js")).createCheckConfig,
  },
  {
    name: "schema",
    summary: "print the JSON Schema of a row",
    load: async () => (await import("./commands/schema.js")).createSchema,
  },
];

/**
 * Runs the command line `args` (without node and the program's own name) and resolves with the exit code: 0 done,
 * 1 the work failed, 2 wrong usage or configuration. Failures are reported in one line on standard error.
 */
export async function runProgram(args: readonly string[], context: CliContext): Promise<number> {
  try {
    return await dispatch(args, context);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const known = error instanceof ConfigError || error instanceof UsageError || error instanceof WorkError;
    // Anything else is a bug: its stack trace is worth more than one line.
    const stack = error instanceof Error ? error.stack : undefined;
    context.stderr.write(`sessionlog: ${known ? oneLine(error.message) : (stack ?? String(error))}\n`);
    return error instanceof ConfigError || error instanceof UsageError ? 2 : 1;
  }
}

async function dispatch([first, ...rest]: readonly string[], context: CliContext): Promise<number> {
  if (first === undefined) {
    throw new UsageError(
      `no command given; commands are ${ENTRIES.map(({ name }) => name).join(", ")}; see sessionlog --help`,
    );
  }
  const named = (name: string | undefined) => ENTRIES.find((entry) => entry.name === name);
  const entry = named(first);
  if (entry !== undefined) return runCommand(entry, rest, context);
  const helped = first === "help" ? rest[0] : undefined;
  const helpedEntry = named(helped);
  if (helpedEntry !== undefined) return runCommand(helpedEntry, ["--help"], context);
  createOverview(context).parse(helped === undefined ? [first, ...rest] : [helped], { from: "user" });
  return 0;
}

async function runCommand(entry: Entry, args: readonly string[], context: CliContext): Promise<number> {
  const create = await entry.load();
  const { command, help, run } = create();
  prepare(command, context, help).parse(args, { from: "user" });
  return run(context);
}

/** Has the commands by name only, for `--help`, `--version` and the hint at a mistyped command. */
function createOverview(context: CliContext): Command {
  const program = new Command("sessionlog")
    .usage("<command> [options]")
    .description("The session log for LLM daemons: validated sessions in over gRPC, durable JSON lines out.")
    .version(programVersion(), "--version", "print the version")
    .helpCommand("help <command>", "print the help of a command");
  for (const { name, summary } of ENTRIES) prepare(program.command(name).description(summary), context);
  return prepare(program, context, overviewHelp);
}

function prepare(command: Command, { stdout, stderr }: CliContext, help = ""): Command {
  return command
    .description(joinParagraphs(command.description()))
    .addHelpText("after", wrapHelp(help, stdout.columns ?? 100))
    .exitOverride()
    .configureHelp({ minWidthToWrap: 20 })
    .helpOption("-h, --help", "print this help")
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      // Commander puts its "Did you mean" on a line of its own.
      outputError: (text, writeText) =>
        writeText(`sessionlog: ${oneLine(text.trim().replace("error: ", "").replaceAll("\n", " "))}\n`),
    });
}

/** Joins the lines of each paragraph; indented lines are kept. */
function joinParagraphs(text: string): string {
  return text.replaceAll(/^\S.*(?:\n\S.*)*/gm, (paragraph) => paragraph.replaceAll("\n", " "));
}

/** Wraps paragraphs and items such as `  0  done` or `  - item`; other indented lines are kept. */
function wrapHelp(help: string, width: number): string {
  const layout = new Help();
  const wrapItem = (_: string, term: string, text: string) =>
    term + layout.boxWrap(text, width - term.length).replaceAll("\n", `\n${" ".repeat(term.length)}`);
  return joinParagraphs(help)
    .replaceAll(/^\S.*/gm, (paragraph) => layout.boxWrap(paragraph, width))
    .replaceAll(/^( {2}(?:- |\S+(?: \S+)* {2,}))(\S.*)$/gm, wrapItem);
}

function programVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const manifest: unknown = JSON.parse(text);
  const version = typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : "";
  return String(version);
}

const overviewHelp = `
Exit status:
  0  done
  1  the work failed
  2  wrong usage or configuration

Examples:
  sessionlog serve --path data/sessions.jsonl
  sessionlog append sessions.jsonl

"sessionlog <command> --help" describes a command.`;
