import { closeSync, openSync, readSync } from "node:fs";
import { constants, gunzipSync } from "node:zlib";
import { ReadError } from "./errors.js";
import { identifier, literal } from "./literal.js";

/** Bytes of a file in which its heading must end. */
const HEADING_BYTES_MAX = 65_536;
const DELIMITERS = [",", ";", "\t", "|"] as const;

/** A CSV file's first lines. */
interface Heading {
  readonly delimiter: string;
  readonly columns: readonly string[];
  /** Lines before it: `sep=;`, which Excel writes. */
  readonly skipped: number;
}

/**
 * SQL that reads a CSV file's rows as texts. The columns are those of its heading, the delimiter what the heading has most of: were they
 * guessed from the rows, one bad line would make another table of them.
 *
 * @param path absolute; .gz is inflated
 * @throws ReadError when it has no heading, and the system's error when it cannot be read
 */
export function csvSource(path: string): string {
  const { delimiter, columns, skipped } = readHeading(path);
  const types = columns.map((name) => `${identifier(name)}: 'VARCHAR'`).join(", ");
  return `read_csv(
    ${literal(path)}, auto_detect = false, header = true, skip = ${skipped}, columns = {${types}}, hive_partitioning = false,
    delim = ${literal(delimiter)}, quote = '"', escape = '"', strict_mode = true
  )`;
}

/** DuckDB's error about a line of a CSV file: the line's number and what is wrong with it. Undefined for other errors. */
export function describeCsvError(message: string): string | undefined {
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1];
  if (line === undefined) return undefined;
  return `line ${line}: ${findCause(message)}`;
}

const NOT_UTF8 = "is not UTF-8: convert the file, for example with iconv -f latin1 -t utf-8";

function findCause(message: string): string {
  const [, expected, found] = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message) ?? [];
  if (found !== undefined) {
    const hint = Number(found) > Number(expected) ? ": a field that contains the delimiter must be in quotes" : "";
    return `the number of fields is ${found}, and ${expected} in the heading${hint}`;
  }
  if (/not utf-8/i.test(message)) return NOT_UTF8;
  if (/unterminated quote/i.test(message)) return "a quote is not closed";
  return /\n([A-Z][^\n]*)\n\s*Possible/.exec(message)?.[1] ?? "cannot be read";
}

function readHeading(path: string): Heading {
  const lines = readBeginning(path)
    .replace(/^\ufeff/, "")
    .split(/\r?\n/);
  const separator = /^sep=(.)$/.exec(lines[0] ?? "")?.[1];
  const skipped = separator === undefined ? 0 : 1;
  const line = lines[skipped] ?? "";
  if (line === "") throw new ReadError(`${path}: there is no heading`);
  if (line.includes("\0")) throw new ReadError(`${path}: line ${skipped + 1}: ${NOT_UTF8}`);
  const bare = line.replaceAll(/"[^"]*"/g, "");
  const count = (delimiter: string) => bare.split(delimiter).length;
  const most = DELIMITERS.reduce((best, each) => (count(each) > count(best) ? each : best));
  const delimiter = separator ?? most;
  return { delimiter, columns: unique(splitFields(line, delimiter)), skipped };
}

function readBeginning(path: string): string {
  const bytes = Buffer.alloc(HEADING_BYTES_MAX);
  const fd = openSync(path, "r");
  try {
    const read = bytes.subarray(0, readSync(fd, bytes));
    return String(path.endsWith(".gz") ? gunzipSync(read, { finishFlush: constants.Z_SYNC_FLUSH }) : read);
  } finally {
    closeSync(fd);
  }
}

/** The fields of a line, which may be in quotes. */
function splitFields(line: string, delimiter: string): readonly string[] {
  const fields = [""];
  let quoted = false;
  for (const char of line) {
    if (char === '"') quoted = !quoted;
    else if (char === delimiter && !quoted) fields.push("");
    else fields[fields.length - 1] += char;
  }
  return fields;
}

/** Names that are there twice, or empty, get a number. */
function unique(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map((name, index) => {
    const own = name === "" || taken.has(name.toLowerCase()) ? `${name}_${index + 1}` : name;
    taken.add(own.toLowerCase());
    return own;
  });
}
