import { readdirSync, readFileSync } from "node:fs";
import { type Literal, literal } from "./literal.js";

/** What a query takes beside the filters that all of them take. */
export interface Parameter {
  /** As in getvariable('min_sessions'); for a file, the name of the view with its rows. */
  readonly name: string;
  readonly type: "integer" | "number" | "text" | "file" | "choice";
  /** Of a choice: the values that are possible. */
  readonly choices: readonly string[];
  /** Of a file: the column that the query joins on. */
  readonly column: string | undefined;
  readonly required: boolean;
  readonly help: string;
}

/** A question that queries/ answers. */
export interface NamedQuery {
  readonly name: string;
  readonly title: string;
  /** Lines of text. */
  readonly description: string;
  readonly parameters: readonly Parameter[];
  /** The whole file, heading included. */
  readonly sql: string;
}

const DIRECTORY = new URL("../../queries/", import.meta.url);
const VIEWS_FILE = "views.sql";

/** The queries that come with the program, by name. */
export function listQueries(): readonly NamedQuery[] {
  return readdirSync(DIRECTORY)
    .filter((file) => file.endsWith(".sql") && file !== VIEWS_FILE)
    .map((file) => file.slice(0, -".sql".length))
    .sort()
    .map((name) => parseQuery(name, namedSql(name)));
}

/** The statements that make the views `journal`, `sessions` and `attempts` over the files of variable `files`. */
export function readViews(): string {
  return readFileSync(new URL(VIEWS_FILE, DIRECTORY), "utf8");
}

/**
 * Reads a query's heading comment: title, blank line, description, and optionally "Parameters:" with a line for each.
 *
 * @throws Error for another form; the files are the program's own
 */
export function parseQuery(name: string, sql: string): NamedQuery {
  const lines = sql.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("--"));
  const heading = lines.slice(0, end).map((line) => line.replace(/^-- ?/, ""));
  const [title = "", blank, ...rest] = heading;
  const from = rest.indexOf("Parameters:");
  const description = (from < 0 ? rest : rest.slice(0, from)).join("\n").trim();
  if (title === "" || blank !== "" || description === "") throw new Error(`queries/${name}.sql: no heading`);
  const parameters = from < 0 ? [] : rest.slice(from + 1).map((line) => parseParameter(name, line));
  return { name, title, description, parameters, sql };
}

const TYPES = ["integer", "number", "text", "file"] as const;
const PARAMETER_LINE =
  /^ {2}(?<name>[a-z_]+) (?<type>integer|number|text|file|[a-z]+(?:\|[a-z]+)+)(?: of (?<column>[a-z_]+))?(?<required>, required)?: (?<help>.+)$/;

function parseParameter(query: string, line: string): Parameter {
  const { name, type, column, required, help } = PARAMETER_LINE.exec(line)?.groups ?? {};
  if (name === undefined || type === undefined || help === undefined) {
    throw new Error(`queries/${query}.sql: not a parameter: ${line}`);
  }
  const known = TYPES.find((each) => each === type);
  const choices = known === undefined ? type.split("|") : [];
  return { name, type: known ?? "choice", choices, column, required: required !== undefined, help };
}

/** The SQL of a query that comes with the program. */
export function namedSql(name: string): string {
  return readFileSync(new URL(`${name}.sql`, DIRECTORY), "utf8");
}

/** The SQL with values in place of its getvariable('name'): for a database whose variables others use, too. */
export function withVariables(sql: string, variables: Readonly<Record<string, Literal>>): string {
  return sql.replace(/getvariable\('([a-z_]+)'\)/g, (whole, name: string) => {
    const value = variables[name];
    return value === undefined ? whole : literal(value);
  });
}
