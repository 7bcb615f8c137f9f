import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Config } from "../../config/config.js";
import { duration, size } from "../../config/quantities.js";
import { parseTime, TIME_EXPECTED } from "../../config/time.js";
import type { JournalReader, Literal, Outcome, SessionFilter, TableFile } from "../../query/index.js";
import { type CliContext, UsageError, WorkError } from "../context.js";
import { createProgress } from "../progress.js";
import { stopOnSignal } from "../signals.js";
import { listOption, valueOption, verdictOption } from "./option_values.js";
import { addConfigOptions } from "./settings_options.js";

/** What a command passes to its queries. */
export interface Questions {
  readonly tables?: readonly TableFile[];
  readonly variables?: Readonly<Record<string, Literal>>;
  /** Absolute path of a Parquet file to write. */
  readonly output?: string | undefined;
}

/** A session log that the command line names, to be read with DuckDB. */
export interface JournalOptions {
  /** Called after the command line is parsed. Throws ConfigError. */
  load(context: CliContext): Config;
  /** What is read; absolute. */
  paths(context: CliContext, config: Config): readonly string[];
  /** Which sessions the command line selects. Throws UsageError. */
  filter(context: CliContext): SessionFilter;
  /**
   * Runs `work` with a reader of the log; warnings are printed on standard error, and how far it is, on a terminal, when it takes long.
   *
   * @throws WorkError when the log cannot be read, the time is up, or a query is wrong
   */
  read<T>(
    context: CliContext,
    config: Config,
    questions: Questions,
    work: (reader: JournalReader) => Promise<T>,
  ): Promise<Outcome<T>>;
}

const PATH_HELP =
  "a session log's directory or one of its files: the active file means the whole log, any other only itself; repeatable " +
  "(default: the configured log)";
/** Most answers come sooner. */
const PROGRESS_DELAY_MS = 1000;
const MEMORY_HELP = "memory limit of DuckDB; beyond it, temporary files are used";

/**
 * Adds `--path`, the options that select sessions, and the limits to a command.
 *
 * @param sections those whose settings are flags, too
 */
export function addJournalOptions(command: Command, sections: readonly string[] = []): JournalOptions {
  const config = addConfigOptions(command, ({ section }) => sections.includes(section));
  const time = (text: string) => {
    if (parseTime(text, 0) === undefined) throw new InvalidArgumentError(`Expected ${TIME_EXPECTED}.`);
    return text;
  };
  command
    .addOption(listOption("--path <path>", PATH_HELP))
    .addOption(new Option("--since <time>", `only sessions since then: ${TIME_EXPECTED}`).argParser(time))
    .addOption(new Option("--until <time>", "only sessions before this time").argParser(time))
    .addOption(listOption("--kind <name>", "only sessions of this kind; repeatable"))
    .addOption(listOption("--daemon <name>", "only sessions of this daemon; repeatable"))
    .addOption(listOption("--model <name>", "only sessions of this model; repeatable"))
    .addOption(listOption("--provider <name>", "only sessions of this provider; repeatable"))
    .addOption(verdictOption())
    .addOption(valueOption("--timeout <duration>", "time limit", duration("1ms", "24h"), "5m"))
    .addOption(valueOption("--memory <size>", MEMORY_HELP, size("64MiB", "1024GiB"), "1GiB"));
  const pathsOf = ({ cwd }: CliContext, configured: string) => {
    const named = strings(command.opts().path).map((path) => resolve(cwd, path));
    return named.length > 0 ? named : [configured];
  };
  return {
    load: (context) => config.load(context).config,
    filter: (context) => readFilter(command.opts(), context.now_ms()),
    paths: (context, { log }) => pathsOf(context, log.path),
    async read(context, { log }, { tables = [], variables = {}, output }, work) {
      const given = command.opts();
      const { readJournal, ReadError, SqlError, StoppedError } = await import("../../query/index.js");
      const [timeout_ms, memory_bytes] = [Number(given.timeout), Number(given.memory)];
      const { supervisor } = context;
      supervisor?.limit({ timeout_ms, memory_bytes });
      const stop = stopOnSignal(context.signals, timeout_ms);
      const progress = createReadingProgress(context);
      try {
        const outcome = await readJournal(
          {
            paths: pathsOf(context, log.path),
            filter: readFilter(given, context.now_ms()),
            tables,
            variables,
            output,
            memory_bytes,
            signal: stop.signal,
            onTemporary: (path) => supervisor?.temporary(path),
            ...(context.stderr.isTTY === true ? { onProgress: progress.show } : {}),
          },
          (reader) =>
            work({
              ...reader,
              commit() {
                progress.end();
                reader.commit();
              },
            }),
        );
        progress.end();
        for (const warning of outcome.warnings) context.stderr.write(`sessionlog: ${warning}\n`);
        return outcome;
      } catch (error) {
        if (error instanceof ReadError || error instanceof StoppedError) throw new WorkError(error.message);
        if (!(error instanceof SqlError)) throw error;
        const [message = "", ...details] = error.message.split("\n");
        throw new WorkError(message, details.join("\n"));
      } finally {
        progress.end();
        stop.end();
      }
    },
  };
}

/** Shows on a terminal how much has been read, after a second, until `end`. */
function createReadingProgress({ stderr, monotonic_ms }: CliContext) {
  const progress = createProgress(stderr, monotonic_ms);
  const begun_ms = monotonic_ms();
  let ended = false;
  return {
    show(percent: number): void {
      if (!ended && monotonic_ms() - begun_ms >= PROGRESS_DELAY_MS)
        progress.show(percent < 1 ? "reading…" : `reading… ${Math.floor(percent)} %`);
    },
    end(): void {
      ended = true;
      progress.clear();
    },
  };
}

function readFilter(given: Readonly<Record<string, unknown>>, now_ms: number): SessionFilter {
  const time = (value: unknown) => (typeof value === "string" ? parseTime(value, now_ms) : undefined);
  const [since_ms, until_ms] = [time(given.since), time(given.until)];
  if (since_ms !== undefined && until_ms !== undefined && since_ms >= until_ms) {
    throw new UsageError("--since must be before --until");
  }
  return {
    since_ms,
    until_ms,
    kinds: strings(given.kind),
    daemons: strings(given.daemon),
    models: strings(given.model),
    providers: strings(given.provider),
    verdicts: strings(given.verdict),
  };
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** The variables of commands that read a session log. */
export const journalEnvironmentHelp = `Environment:
  SESSIONLOG_CONFIG        the configuration file, unless --config is given
  SESSIONLOG_LOG_PATH      the session log, unless --path is given`;

/** The variables of those that also print links. */
export const langfuseEnvironmentHelp = `${journalEnvironmentHelp}
  SESSIONLOG_LANGFUSE_URL  the address of Langfuse, unless --langfuse-url is given`;
