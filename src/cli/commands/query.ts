import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { Command, Option } from "commander";
import { nearest } from "../../config/nearest.js";
import { listQueries, type NamedQuery } from "../../query/catalog.js";
import type { JournalReader, Outcome } from "../../query/index.js";
import { type CliCommand, type CliContext, UsageError, write } from "../context.js";
import {
  addJournalOptions,
  type JournalOptions,
  journalEnvironmentHelp,
  type Questions,
} from "../options/journal_options.js";
import { addParameterOptions, parameterFlag } from "../options/query_parameters.js";
import { createBufferedOutput, type TextSink } from "../output/buffered_output.js";
import { replaceFile, replaceTextFile } from "../output/output_file.js";
import { createResultFormat, FORMAT_NAMES, type FormatName } from "../output/result_formats.js";
import { type Terminal, terminalOf } from "../output/terminal.js";
import { oneLine } from "../output/text.js";
import { findUnknownNames } from "../output/unknown_names.js";
import { addQueryHelp } from "./query_help.js";

/** Buffered until the result is whole; a longer one is printed as it comes. */
const BUFFERED_CHARACTERS_MAX = 8 * 1024 * 1024;
const SQL_BYTES_MAX = 1024 * 1024;

/** `sessionlog query`: runs a query over the session log. */
export function createCommand(): CliCommand {
  const queries = listQueries();
  const command = new Command("sessionlog query")
    .description(`Queries the session log, sealed segments and the active file together, also while the service writes:
one of the queries that come with the program, or your own SQL over the views sessions (one row per session, with the
row's keys as columns) and attempts.

SQL may only read, and only the session log: no other file, no network, no extensions. Lines that are not rows of this
schema are skipped and counted on standard error.`)
    .argument("[name]", "name of a query; see --list")
    .option("--list", "list the queries with what they answer and their parameters")
    .option("--show", "print the query's SQL instead of running it")
    .option("--sql <text>", "one SELECT in DuckDB's SQL (default without a name: standard input)")
    .addOption(new Option("--format <format>", "output format").choices(FORMAT_NAMES).default("table"))
    .option("--csv-safe", "with csv: put ' before texts that begin with = + - @, which spreadsheets run as formulas")
    .option("--output <file>", "write to this file, replaced only when complete (default: standard output)");
  const journal = addJournalOptions(command);
  const parameters = addParameterOptions(command, queries);
  return {
    command,
    help: addQueryHelp(command, queries, queryHelp),
    async run(context) {
      const { list, show, sql } = command.opts();
      const [name] = command.args;
      if (list === true) {
        if (name !== undefined || sql !== undefined) throw new UsageError("--list takes no query and no --sql");
        await write(context.stdout, printList(queries));
        return 0;
      }
      if (name !== undefined && sql !== undefined) throw new UsageError("give the name of a query or --sql, not both");
      const query = name === undefined ? undefined : findQuery(queries, name);
      if (show === true) {
        if (query === undefined) throw new UsageError("--show needs the name of a query");
        await write(context.stdout, query.sql);
        return 0;
      }
      const questions = parameters.read(query, context);
      const text = query?.sql ?? (sql === undefined ? await readSql(context.stdin) : String(sql));
      return answer(text, questions, journal, command, context);
    },
  };
}

function findQuery(queries: readonly NamedQuery[], name: string): NamedQuery {
  const query = queries.find((each) => each.name === name);
  if (query !== undefined) return query;
  const near = nearest(
    name,
    queries.map((each) => each.name),
  );
  const hint = near === undefined ? "see sessionlog query --list" : `did you mean ${near}?`;
  throw new UsageError(`there is no query ${JSON.stringify(name)}; ${hint}`);
}

async function readSql(stdin: Readable & { readonly isTTY?: boolean }): Promise<string> {
  const missing = new UsageError(
    "name a query, or give SQL with --sql or on standard input; see sessionlog query --list",
  );
  if (stdin.isTTY === true) throw missing;
  const blocks: Buffer[] = [];
  let length = 0;
  for await (const block of stdin) {
    const bytes = Buffer.from(block);
    length += bytes.length;
    if (length > SQL_BYTES_MAX) throw new UsageError(`the SQL on standard input is longer than ${SQL_BYTES_MAX} bytes`);
    blocks.push(bytes);
  }
  const sql = Buffer.concat(blocks).toString();
  if (sql.trim() === "") throw missing;
  return sql;
}

async function answer(
  sql: string,
  questions: Questions,
  journal: JournalOptions,
  command: Command,
  context: CliContext,
): Promise<number> {
  const given = command.opts();
  if (given.csvSafe === true && given.format !== "csv") throw new UsageError("--csv-safe needs --format csv");
  const format = given.csvSafe === true ? "csv-safe" : (FORMAT_NAMES.find((each) => each === given.format) ?? "table");
  const target = given.output === undefined ? undefined : resolve(context.cwd, String(given.output));
  const config = journal.load(context);
  const ask: Ask = (more, work) => journal.read(context, config, { ...questions, ...more }, work);
  const filter = journal.filter(context);
  const explainEmpty: Explain = async (reader) => [
    ...(await findUnknownNames(reader, filter)),
    ...Object.entries(questions.variables ?? {}).flatMap(([name, value]) =>
      name === "session_id" ? [`no session has an id that begins with ${oneLine(String(value))}`] : [],
    ),
  ];
  const { incomplete, unread_lines, value } = await answerTo(target, sql, format, context, ask, explainEmpty);
  if (Array.isArray(value)) for (const line of value) context.stderr.write(`sessionlog: ${line}\n`);
  return incomplete || unread_lines > 0 ? 1 : 0;
}

function answerTo(
  target: string | undefined,
  sql: string,
  format: FormatName,
  context: CliContext,
  ask: Ask,
  explainEmpty: Explain,
): Promise<Outcome<unknown>> {
  if (format === "parquet") {
    if (target === undefined) throw new UsageError("--format parquet needs --output <file>");
    const copy = (output: string) => ask({ output }, (reader) => reader.copyToParquet(sql));
    return replaceFile(target, copy, context.supervisor);
  }
  if (target === undefined) {
    return printAnswer(sql, format, (text) => write(context.stdout, text), terminalOf(context), ask, explainEmpty);
  }
  const file = { width: undefined, colours: false };
  const print = (sink: TextSink) => printAnswer(sql, format, sink, file, ask, explainEmpty);
  return replaceTextFile(target, print, context.supervisor);
}

/** For an answer without rows: why, a line each. */
type Explain = (reader: JournalReader) => Promise<readonly string[]>;
type Ask = <T>(questions: Questions, work: (reader: JournalReader) => Promise<T>) => Promise<Outcome<T>>;

async function printAnswer(
  sql: string,
  format: Exclude<FormatName, "parquet">,
  sink: TextSink,
  terminal: Terminal,
  ask: Ask,
  explainEmpty: Explain,
): Promise<Outcome<readonly string[]>> {
  const outcome = await ask({}, async (reader) => {
    const { columns, batches } = await reader.select(sql);
    const output = createBufferedOutput(sink, BUFFERED_CHARACTERS_MAX, reader.commit);
    const printer = createResultFormat(format, columns, terminal);
    await output.write(printer.begin());
    let count = 0;
    for await (const rows of batches()) {
      count += rows.length;
      await output.write(printer.rows(rows));
    }
    await output.write(printer.end());
    return { output, explained: count === 0 ? await explainEmpty(reader) : [] };
  });
  await outcome.value.output.flush();
  return { ...outcome, value: outcome.value.explained };
}

function printList(queries: readonly NamedQuery[]): string {
  return queries
    .map(({ name, title, parameters }) => `${[name, ...parameters.map(parameterFlag)].join(" ")}\n    ${title}\n`)
    .join("");
}

const queryHelp = `
${journalEnvironmentHelp}

Exit status:
  0  the result is complete
  1  the SQL is wrong or not allowed, the session log cannot be read, or time is up; or a damaged file
     is left out, or a line could not be read, or no line is a row
  2  wrong usage or configuration

Examples:
  sessionlog query --list
  sessionlog query first-shot --since 7d --kind fill
  sessionlog query session --session-id 4bf92f35
  sessionlog query --sql "SELECT daemon, count(*) FROM sessions GROUP BY ALL"
  sessionlog query --format parquet --output out.parquet --sql "FROM sessions"`;
