import { spawn } from "node:child_process";
import { SqlError } from "../query/index.js";
import { commandLine, filterFlags } from "./answers/command.js";
import { toJson } from "./answers/session_detail.js";
import type { Column, Json, SqlAnswer } from "./api.js";
import { createQueue } from "./data/queue.js";
import { hasOwnParts, type ViewFilter } from "./filter.js";

export interface SqlProcessOptions {
  /** What runs the command line: the file and its first arguments. */
  readonly program: readonly [file: string, ...args: string[]];
  /** What the command line adds to read this log. */
  readonly path_flags: readonly string[];
  readonly cwd: string;
  readonly monotonic_ms: () => number;
}

const ROWS_MAX = 10_000;
/** Of an answer's JSON. */
const BYTES_MAX = 32 * 1024 * 1024;
const WARNINGS_CHARACTERS_MAX = 16_384;
const LIMITS = ["--timeout", "10s", "--memory", "256MiB"];
const PROCESSES = [1, 2];
const WAITING_MAX = 8;

/**
 * Runs SQL of others as `sessionlog query` does, in the same process of its own: a sandbox, one SELECT, ten seconds, bounded memory. Rejects
 * with SqlError, Busy, and the signal's reason.
 */
export function createSqlRunner(options: SqlProcessOptions) {
  const queue = createQueue(PROCESSES, WAITING_MAX);
  return async (sql: string, filter: ViewFilter, query: URLSearchParams, signal: AbortSignal): Promise<SqlAnswer> => {
    const begun_ms = options.monotonic_ms();
    const own = { ...filter, alarm: undefined, pattern: undefined, reason: undefined, find: undefined };
    const flags = [...(filterFlags(own, query) ?? []), ...options.path_flags];
    const found = await queue.use(signal, () =>
      run(options, ["query", "--format", "json", ...LIMITS, ...flags], sql, signal),
    );
    const left_out = hasOwnParts(filter)
      ? [
          "the filters reason, alarm, pattern and find are not applied to SQL: its views have all that the others let pass",
        ]
      : [];
    return {
      ...found,
      warnings: [...left_out, ...found.warnings],
      command: commandLine(["query", "--sql", sql, ...flags]),
      ms: Math.round(options.monotonic_ms() - begun_ms),
    };
  };
}

type Found = Pick<SqlAnswer, "columns" | "rows" | "truncated" | "warnings">;

function run(
  { program, cwd }: SqlProcessOptions,
  args: readonly string[],
  sql: string,
  signal: AbortSignal,
): Promise<Found> {
  const [file, ...first] = program;
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...first, ...args], { cwd, stdio: ["pipe", "pipe", "pipe"] });
    const reader = createRowReader();
    let errors = "";
    let stopped = false;
    const stop = () => {
      stopped = true;
      child.kill("SIGTERM");
    };
    signal.addEventListener("abort", stop);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (!reader.add(text)) stop();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(0, WARNINGS_CHARACTERS_MAX);
    });
    child.stdin.on("error", () => {});
    child.stdin.end(sql);
    child.on("error", reject).on("close", () => {
      signal.removeEventListener("abort", stop);
      if (signal.aborted) return reject(signal.reason);
      const lines = errors.replaceAll(/^sessionlog: /gm, "").trimEnd();
      if (reader.ended() || (stopped && reader.truncated())) {
        return resolve({ ...reader.answer(), warnings: stopped || lines === "" ? [] : lines.split("\n") });
      }
      reject(new SqlError(lines === "" ? "the query's process ended without an answer" : lines));
    });
  });
}

/** Reads the rows of `--format json` as they come: an object a line. */
function createRowReader() {
  const objects: object[] = [];
  let rest = "";
  let bytes = 0;
  let truncated = false;
  let ended = false;

  function addLine(line: string): void {
    if (line === "[" || line === "") return;
    if (line === "]") ended = true;
    else if (objects.length === ROWS_MAX) truncated = true;
    else objects.push(Object(JSON.parse(line.replace(/^\[/, "").replace(/,$/, ""))));
  }

  return {
    /** False when no more is wanted. */
    add(text: string): boolean {
      bytes += text.length;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (!truncated) addLine(line);
      if (bytes > BYTES_MAX && !ended) truncated = true;
      return !truncated;
    },
    ended: () => ended,
    truncated: () => truncated,
    answer(): Pick<SqlAnswer, "columns" | "rows" | "truncated"> {
      const names = Object.keys(objects[0] ?? {});
      const rows = objects.map((object) => {
        const values = new Map(Object.entries(object));
        return names.map((name): Json => toJson(values.get(name)));
      });
      const columns = names.map(
        (name, index): Column => ({ name, numeric: rows.some((row) => typeof row[index] === "number") }),
      );
      return { columns, rows, truncated };
    },
  };
}
