import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { NamedQuery, Parameter } from "../../query/catalog.js";
import type { Literal, TableFile } from "../../query/index.js";
import { type CliContext, UsageError } from "../context.js";
import type { Questions } from "./journal_options.js";

/** The parameters of queries on the command line. */
export interface ParameterOptions {
  /**
   * The values for a query; undefined means the user's own SQL.
   *
   * @throws UsageError when a parameter is missing, or given to a query without it
   */
  read(query: NamedQuery | undefined, context: CliContext): Questions;
}

/** Adds a flag for each parameter of the queries; queries that take a parameter of the same name share it. */
export function addParameterOptions(command: Command, queries: readonly NamedQuery[]): ParameterOptions {
  const given = new Map<string, string>();
  const users = parametersByName(queries);
  for (const [name, { parameter, help }] of users) {
    const option = new Option(`${parameterFlag(parameter)} <${parameter.choices.join("|") || parameter.type}>`, help);
    command.addOption(option.helpGroup("Parameters of queries:").argParser((text) => checked(parameter, text)));
    command.on(`option:${option.name()}`, (text: string) => given.set(name, text));
  }
  return {
    read(query, { cwd }) {
      const parameters = query?.parameters ?? [];
      for (const name of given.keys()) {
        if (parameters.some((each) => each.name === name)) continue;
        const takes = parameters.length === 0 ? "no parameters" : parameters.map(parameterFlag).join(", ");
        throw new UsageError(
          `${query?.name ?? "your own SQL"} does not take ${parameterFlag({ name })}; it takes ${takes}`,
        );
      }
      const missing = parameters.find(({ name, required }) => required && !given.has(name));
      if (missing !== undefined)
        throw new UsageError(`${query?.name} needs ${parameterFlag(missing)}: ${missing.help}`);
      return questionsOf(parameters, given, cwd);
    },
  };
}

interface SharedParameter {
  readonly parameter: Parameter;
  /** Which queries take it, and its meaning there. */
  readonly help: string;
}

function parametersByName(queries: readonly NamedQuery[]): ReadonlyMap<string, SharedParameter> {
  const uses = queries.flatMap(({ name, parameters }) => parameters.map((parameter) => ({ query: name, parameter })));
  const shared = new Map<string, SharedParameter>();
  for (const { parameter } of uses) {
    const same = uses.filter((use) => use.parameter.name === parameter.name);
    const texts = new Set(same.map((use) => use.parameter.help));
    const parts = [...texts].map((text) => {
      const takers = same.filter((use) => use.parameter.help === text).map(({ query }) => query);
      return `${takers.join(", ")}: ${text}`;
    });
    shared.set(parameter.name, { parameter, help: parts.join("; ") });
  }
  return shared;
}

function questionsOf(parameters: readonly Parameter[], given: ReadonlyMap<string, string>, cwd: string): Questions {
  const tables: TableFile[] = [];
  const variables: Record<string, Literal> = {};
  for (const { name, type, column } of parameters) {
    const text = given.get(name);
    if (text === undefined) continue;
    const key = column ?? name;
    if (type === "file") tables.push({ name, column: key, file_column: key, path: resolve(cwd, text) });
    else variables[name] = type === "integer" || type === "number" ? Number(text) : text;
  }
  return { tables, variables };
}

function checked({ type, choices }: Parameter, text: string): string {
  if (type === "integer" && !/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Expected a whole number.");
  if (type === "number" && !/^\d{1,9}(\.\d{1,9})?$/.test(text)) throw new InvalidArgumentError("Expected a number.");
  if (type === "choice" && !choices.includes(text)) {
    throw new InvalidArgumentError(`Expected one of ${choices.join(", ")}.`);
  }
  return text;
}

/** The flag of a parameter: `--min-sessions` */
export function parameterFlag({ name }: Pick<Parameter, "name">): string {
  return `--${name.replaceAll("_", "-")}`;
}
