import { Command, CommanderError, Help } from "commander";
import { ConfigError, describeFileError, errorCode, isSystemError } from "../config/errors.js";
import { NotInstalledError } from "../query/errors.js";
import { type CliCommand, type CliContext, UsageError, WorkError } from "./context.js";
import { toTerminal } from "./output/terminal_output.js";
import { oneLine } from "./output/text.js";
import { programVersion } from "./version.js";

type Load = () => Promise<{ readonly createCommand: () => CliCommand }>;

/** Name, summary and module of each command. Only the command that is run is loaded, to start fast. */
const COMMANDS: readonly (readonly [name: string, summary: string, load: Load])[] = [
  ["serve", "run the service: sessions in over gRPC, durable rows out", () => import("./commands/serve.js")],
  ["append", "send rows from a JSONL file to a service", () => import("./commands/append.js")],
  ["tail", "print the last sessions of a service and follow new ones", () => import("./commands/tail.js")],
  ["show", "print a session with its prompt, attempts and artifact", () => import("./commands/show.js")],
  ["query", "query the session log, by name or in SQL", () => import("./commands/query.js")],
  ["alarm", "list accepted fills that are not grounded in the roster", () => import("./commands/alarm.js")],
  ["audit", "check the stamps of accepted fills against a roster", () => import("./commands/audit.js")],
  ["compact", "copy sealed segments to Parquet, for fast questions", () => import("./commands/compact.js")],
  ["report", "write one HTML file that shows the session log at a glance", () => import("./commands/report.js")],
  ["view", "look at the session log in a browser", () => import("./commands/view.js")],
  ["verify", "check session logs, or the rows of files", () => import("./commands/verify.js")],
  ["import", "store rows of files in a session log, without a service", () => import("./commands/import.js")],
  ["check-config", "print the effective configuration and its origins", () => import("./commands/check_config.js")],
  ["health", "ask a service whether it accepts appends", () => import("./commands/health.js")],
  ["token", "make a token for a client, or check one", () => import("./commands/token.js")],
  ["schema", "print the JSON Schema of a row", () => import("./commands/schema.js")],
];

/**
 * Runs the command line `args` (without node and the program's own name) and resolves with the exit code: 0 done,
 * 1 the work failed, 2 wrong usage or configuration. Failures are reported in one line on standard error.
 */
export async function runProgram(args: readonly string[], process: CliContext): Promise<number> {
  const context = { ...process, stdout: toTerminal(process.stdout), stderr: toTerminal(process.stderr) };
  try {
    return await dispatch(args, context);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    context.stderr.write(`sessionlog: ${describe(error)}\n`);
    return isWrongUse(error) ? 2 : 1;
  }
}

/** Wrong usage or configuration, or a package that was not installed. */
function isWrongUse(error: unknown): error is Error {
  return error instanceof ConfigError || error instanceof UsageError || error instanceof NotInstalledError;
}

/** A defect with its stack trace, which is worth more than one line. */
function describe(error: unknown): string {
  if (error instanceof WorkError) return [oneLine(error.message), error.details].join("\n").trimEnd();
  if (isWrongUse(error)) return oneLine(error.message);
  if (isSystemError(error)) return oneLine(`${error.path ?? error.syscall}: ${describeFileError(error)}`);
  // With few descriptors, Node cannot look for a package.
  if (errorCode(error) === "ERR_MODULE_NOT_FOUND") return oneLine(`${Object(error).message}; see ulimit -n`);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function dispatch([first, ...rest]: readonly string[], context: CliContext): Promise<number> {
  if (first === undefined) {
    const names = COMMANDS.map(([name]) => name).join(", ");
    throw new UsageError(`no command given; commands are ${names}; see sessionlog --help`);
  }
  const helped = first === "help" ? rest[0] : undefined;
  const [, , load] = COMMANDS.find(([name]) => name === (helped ?? first)) ?? [];
  if (load === undefined) {
    createOverview(context).parse(helped === undefined ? [first, ...rest] : [helped], { from: "user" });
    return 0;
  }
  const { command, help, run } = (await load()).createCommand();
  prepare(command, context, help).parse(helped === undefined ? rest : ["--help"], { from: "user" });
  return run(context);
}

/** Has the commands by name only, for `--help`, `--version` and the hint at a mistyped command. */
function createOverview(context: CliContext): Command {
  const program = new Command("sessionlog")
    .usage("<command> [options]")
    .description("The session log for LLM daemons: validated sessions in over gRPC, durable JSON lines out.")
    .version(programVersion(), "--version", "print the version")
    .helpCommand("help <command>", "print the help of a command");
  for (const [name, summary] of COMMANDS) prepare(program.command(name).description(summary), context);
  return prepare(program, context, overviewHelp);
}

function prepare(command: Command, { stdout, stderr }: CliContext, help: CliCommand["help"] = ""): Command {
  return command
    .description(joinParagraphs(command.description()))
    .addHelpText("after", () => wrapHelp(typeof help === "string" ? help : help(), stdout.columns ?? 100))
    .exitOverride()
    .configureHelp({ ...command.configureHelp(), minWidthToWrap: 20 })
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

const overviewHelp = `
Exit status:
  0  done
  1  the work failed
  2  wrong usage or configuration

Examples:
  sessionlog serve --path data/sessions.jsonl
  sessionlog append sessions.jsonl

"sessionlog <command> --help" describes a command.`;
