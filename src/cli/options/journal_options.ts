import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Config } from "../../config/config.js";
import { duration, size } from "../../config/values.js";
import type { JournalReader, Literal, Outcome, SessionFilter, TableFile } from "../../query/index.js";
import { type CliContext, UsageError, WorkError } from "../context.js";
import { stopOnSignal } from "../signals.js";
import { list, valueParser } from "./option_values.js";
import { addConfigOptions } from "./settings_options.js";
import { instantExpected, parseInstant } from "./time_option.js";

/** What a command adds to its questions. */
export interface Questions {
  readonly tables?: readonly TableFile[];
  readonly variables?: Readonly<Record<string, Literal>>;
  /** Absolute path of a Parquet file to write. */
  readonly output?: string | undefined;
}

/** A session log that the command line names, to be read with DuckDB. */
export interface JournalOptions {
  /** To be called once the command line is parsed. Throws ConfigError. */
  load(context: CliContext): Config;
  /**
   * Lets `work` ask the log, and tells warnings on standard error.
   *
   * @throws WorkError when the log cannot be read or the time is up, SqlError when a question is not right
   */
  read<T>(
    context: CliContext,
    config: Config,
    questions: Questions,
    work: (reader: JournalReader) => Promise<T>,
  ): Promise<Outcome<T>>;
}

const timeoutType = duration("1ms", "24h");
const memoryType = size("64MiB", "1024GiB");

/**
 * Adds `--path`, `--since` and the bounds to a command; with `filters` also those that pick sessions, and with `langfuse` the
 * setting of its address.
 */
export function addJournalOptions(
  command: Command,
  { filters = false, langfuse = false }: { readonly filters?: boolean; readonly langfuse?: boolean },
): JournalOptions {
  const config = addConfigOptions(command, ({ section }) => langfuse && section === "langfuse");
  const instant = (text: string) => {
    if (parseInstant(text, 0) === undefined) throw new InvalidArgumentError(`Expected ${instantExpected}.`);
    return text;
  };
  command.addOption(
    new Option(
      "--path <path>",
      "a journal's directory, or a file of it: the active file stands for all, others for themselves; may be given more than once (default: the configured log)",
    ).argParser(list),
  );
  command.addOption(new Option("--since <time>", `sessions from then on: ${instantExpected}`).argParser(instant));
  if (filters) {
    command.addOption(new Option("--until <time>", "sessions before then").argParser(instant));
    for (const name of ["kind", "daemon", "model"]) {
      command.addOption(
        new Option(`--${name} <name>`, `sessions of this ${name}; may be given more than once`).argParser(list),
      );
    }
  }
  command.addOption(
    new Option("--timeout <duration>", "stop after so long").argParser(valueParser(timeoutType)).default(300_000, "5m"),
  );
  command.addOption(
    new Option("--memory <size>", "memory for DuckDB; what does not fit goes to the disk meanwhile")
      .argParser(valueParser(memoryType))
      .default(1024 ** 3, "1GiB"),
  );
  return {
    load: (context) => config.load(context).config,
    async read(context, { log }, { tables = [], variables = {}, output }, work) {
      const given = command.opts();
      const { readJournal, ReadError, StoppedError } = await import("../../query/index.js");
      const stop = stopOnSignal(context.signals, Number(given.timeout));
      try {
        const outcome = await readJournal(
          {
            paths:
              strings(given.path).length > 0
                ? strings(given.path).map((path) => resolve(context.cwd, path))
                : [log.path],
            filter: readFilter(given, context.now_ms()),
            tables,
            variables,
            output,
            memory_bytes: Number(given.memory),
            signal: stop.signal,
          },
          work,
        );
        for (const warning of outcome.warnings) context.stderr.write(`sessionlog: ${warning}\n`);
        return outcome;
      } catch (error) {
        throw error instanceof ReadError || error instanceof StoppedError ? new WorkError(error.message) : error;
      } finally {
        stop.end();
      }
    },
  };
}

function readFilter(given: Readonly<Record<string, unknown>>, now_ms: number): SessionFilter {
  const instant = (value: unknown) => (typeof value === "string" ? parseInstant(value, now_ms) : undefined);
  const [since_ms, until_ms] = [instant(given.since), instant(given.until)];
  if (since_ms !== undefined && until_ms !== undefined && since_ms >= until_ms) {
    throw new UsageError("--since and --until leave no time between them");
  }
  return {
    since_ms,
    until_ms,
    kinds: strings(given.kind),
    daemons: strings(given.daemon),
    models: strings(given.model),
  };
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
