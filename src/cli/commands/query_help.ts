import { type Command, Help } from "commander";
import type { NamedQuery } from "../../query/catalog.js";
import { parameterFlag } from "../options/query_parameters.js";

/** In examples, of parameters that must be given. */
const SAMPLES: Readonly<Record<string, string>> = {
  session_id: "4bf92f35",
  roster: "roster.csv",
  replay_runs: "replay_runs.jsonl",
};

/**
 * Makes `query NAME --help` describe that query and its own parameters.
 *
 * @returns what follows the options: `general` unless a query is named
 */
export function addQueryHelp(command: Command, queries: readonly NamedQuery[], general: string): () => string {
  const named = () => queries.find(({ name }) => command.args[0] === name);
  const usual = new Help();
  command.configureHelp({
    commandUsage: (each) =>
      named() === undefined ? usual.commandUsage(each) : `sessionlog query ${named()?.name} [options]`,
    commandDescription: (each) => describe(named()) ?? usual.commandDescription(each),
    optionDescription(option) {
      const parameter = named()?.parameters.find((each) => parameterFlag(each) === option.long);
      return parameter?.help ?? usual.optionDescription(option);
    },
    visibleArguments: (each) => (named() === undefined ? usual.visibleArguments(each) : []),
    visibleOptions(each) {
      const all = usual.visibleOptions(each);
      const own = named()?.parameters.map(parameterFlag);
      return own?.flatMap((flag) => all.filter(({ long }) => long === flag)) ?? all;
    },
  });
  return () => examples(named()) ?? general;
}

function describe(query: NamedQuery | undefined): string | undefined {
  return query && `${query.title}\n\n${query.description.replaceAll("\n", " ")}`;
}

function examples(query: NamedQuery | undefined): string | undefined {
  if (query === undefined) return undefined;
  const required = query.parameters.filter((parameter) => parameter.required);
  const words = required.map((parameter) => `${parameterFlag(parameter)} ${SAMPLES[parameter.name] ?? "…"} `).join("");
  return `
"sessionlog query --help" describes the options that every query takes: which session log and sessions, and how to print.

Examples:
  sessionlog query ${query.name} ${words}--since 7d
  sessionlog query ${query.name} ${words}--format csv --output ${query.name}.csv`;
}
