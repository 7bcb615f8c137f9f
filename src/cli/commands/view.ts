import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Command, InvalidArgumentError, Option } from "commander";
import { parseAddress } from "../../config/address.js";
import type { Config } from "../../config/config.js";
import { size } from "../../config/quantities.js";
import type { StartedViewer, StartOptions } from "../../view/index.js";
import { type CliCommand, type CliContext, WorkError, write } from "../context.js";
import { langfuseEnvironmentHelp } from "../options/journal_options.js";
import { valueOption } from "../options/option_values.js";
import { rosterName, rosterQuestions } from "../options/roster_options.js";
import { openService, SERVICE_VARIABLES } from "../options/service_client.js";
import { addConfigOptions } from "../options/settings_options.js";
import { langfuseLink } from "../output/session_groups.js";
import { stopOnSignal } from "../signals.js";
import { programVersion } from "../version.js";
import { followService } from "./view_live.js";

/** The page is served to programs on this machine only. */
const HOSTS: readonly string[] = ["127.0.0.1", "localhost", "::1"];
/** Detects a service whose machine or network is gone. */
const KEEPALIVE = { "grpc.keepalive_time_ms": 60_000, "grpc.keepalive_timeout_ms": 20_000 };
/** Beside what DuckDB may take: for Node, and what DuckDB does not count. */
const MEMORY_BESIDE_BYTES = 256 * 1024 * 1024;

interface ViewOptions {
  readonly path?: string;
  readonly replayRuns?: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly address?: string;
  readonly open?: boolean;
  readonly memory: number;
  readonly config?: string;
}

/** `sessionlog view`: a page over the session log, in a browser. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog view")
    .description(`Serves a page over the session log on this machine, and prints its address: whether a phantom is assigned,
whether a model gets worse, what validators refuse, each session with its attempts and artifact, your own SQL, and new
sessions as they come. It only reads, also while a service writes the log, and ends with Ctrl-C.

The address has a random token: who knows it can read the log as long as the command runs. Only programs on this machine can
reach it.`)
    .option("--path <path>", "a session log's directory or its active file (default: the configured log)")
    .option("--replay-runs <file>", "replay runs to show beside their sessions: JSONL, CSV or Parquet")
    .addOption(
      new Option("--listen <address>", "where to listen, on this machine only; port 0 is any free one")
        .argParser(parseListen)
        .default(parseListen("127.0.0.1:0"), "127.0.0.1:0"),
    )
    .option(
      "--address <address>",
      "follow the new sessions of this service: host:port or unix:/path (default: of the file)",
    )
    .option("--open", "open the page in the browser")
    .addOption(valueOption("--memory <size>", "memory limit of DuckDB", size("64MiB", "1024GiB"), "256MiB"));
  const config = addConfigOptions(command, ({ section }) => ["langfuse", "audit"].includes(section));
  return {
    command,
    help: viewHelp,
    async run(context) {
      const options = command.opts<ViewOptions>();
      return view(options, config.load(context).config, context);
    },
  };
}

function parseListen(text: string): ViewOptions["listen"] {
  const address = parseAddress(text);
  if (address?.kind !== "tcp" || !HOSTS.includes(address.host)) {
    throw new InvalidArgumentError("Expected 127.0.0.1, localhost or [::1] and a port, such as 127.0.0.1:8080.");
  }
  return { host: address.host, port: address.port };
}

async function view(options: ViewOptions, config: Config, context: CliContext): Promise<number> {
  const { startViewer } = await import("../../view/index.js");
  const stop = stopOnSignal(context.signals);
  // Twice as much as it takes: only a defect takes more.
  context.supervisor?.limit({ memory_bytes: options.memory + MEMORY_BESIDE_BYTES });
  const shown_path = options.path ?? nearPath(config.log.path, context);
  const warn = (message: string) => context.stderr.write(`sessionlog: ${message}\n`);
  const { address } = options;
  const live =
    address === undefined ? undefined : followService(await openService(address, context, KEEPALIVE), context);
  const settings: StartOptions = {
    path: resolve(context.cwd, options.path ?? config.log.path),
    shown_path,
    path_flags: options.path === undefined && options.config === undefined ? [] : ["--path", shown_path],
    ...options.listen,
    version: programVersion(),
    memory_bytes: options.memory,
    roster: rosterOf(config, context),
    replay_runs: replayRunsOf(options, context),
    linkTo: (session_id) => langfuseLink(config.langfuse.url, session_id),
    live,
    sql: { program: [process.execPath, fileURLToPath(new URL("../../main.js", import.meta.url))], cwd: context.cwd },
    assets: new URL("../../view/", import.meta.url),
    now_ms: context.now_ms,
    monotonic_ms: context.monotonic_ms,
    warn,
    onTemporary: (path) => context.supervisor?.temporary(path),
  };
  try {
    const viewer = await startViewer(settings);
    let opened: string | undefined;
    try {
      await write(context.stdout, `${viewer.url}  ${shown_path}\n`);
      if (options.open === true) opened = await openInBrowser(viewer, context);
      await untilStopped(stop.signal);
    } finally {
      if (opened !== undefined) await rm(opened, { recursive: true, force: true });
      await viewer.close();
    }
    return 0;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!/^E(ADDRINUSE|ACCES|ADDRNOTAVAIL)$/.test(code)) throw error;
    throw new WorkError(`${options.listen.host}:${options.listen.port}: ${code}: cannot listen`);
  } finally {
    stop.end();
  }
}

function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    signal.addEventListener("abort", () => done(), { once: true });
  });
}

function rosterOf(config: Config, context: CliContext): StartOptions["roster"] {
  if (config.audit.roster === "") return undefined;
  const { tables = [], variables = {} } = rosterQuestions(config);
  const [table] = tables;
  return table === undefined ? undefined : { shown: rosterName(config, context), table, ids: variables };
}

function replayRunsOf({ replayRuns }: ViewOptions, { cwd }: CliContext): StartOptions["replay_runs"] {
  if (replayRuns === undefined) return undefined;
  const column = "session_id";
  return {
    shown: replayRuns,
    table: { name: "replay_runs", column, file_column: column, path: resolve(cwd, replayRuns) },
  };
}

function nearPath(path: string, { cwd }: CliContext): string {
  const near = relative(cwd, path);
  return near.startsWith("..") ? path : near;
}

const OPENERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

/**
 * Opens the page by way of a file that only its user can read: the address would be seen in the list of processes, and with it the token.
 * Resolves with the folder to be removed.
 */
async function openInBrowser({ url }: StartedViewer, { stderr, supervisor, env }: CliContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sessionlog-open-"));
  supervisor?.temporary(directory);
  const file = join(directory, "open.html");
  const html = `<!doctype html>\n<meta charset="utf-8">\n<title>sessionlog</title>\n<meta http-equiv="refresh" content="0;url=${url}">\n`;
  await writeFile(file, html, { mode: 0o600 });
  const [program, ...args] = env.BROWSER ? [env.BROWSER] : (OPENERS[process.platform] ?? ["xdg-open"]);
  const child = spawn(program, [...args, pathToFileURL(file).href], { stdio: "ignore", detached: true });
  child.on("error", (error) => {
    stderr.write(`sessionlog: --open: ${program}: ${error.message}; open the address above\n`);
  });
  child.unref();
  return directory;
}

const viewHelp = `
Without --address, new sessions are seen when their rows are in the file; with it, they come from a service by
TailSessions. Over a large log, run sessionlog compact first: what is not compacted is read into memory.

${langfuseEnvironmentHelp}
  SESSIONLOG_AUDIT_ROSTER  the roster, unless --roster is given
  BROWSER                  what --open runs, with a file's address

With --address, of the command line's clients:
${SERVICE_VARIABLES.replace(/^Environment:\n.*\n/, "")}

Exit status:
  0  ended by Ctrl-C
  1  cannot listen
  2  wrong usage or configuration, or DuckDB is not installed

Examples:
  sessionlog view --open
  sessionlog view --path /var/lib/sessionlog --roster roster.csv
  sessionlog view --address 127.0.0.1:50051 --listen 127.0.0.1:8080`;
