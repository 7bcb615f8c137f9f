import { hasOwnParts, type ViewFilter } from "../filter.js";

/** A command line that can be pasted into a shell. */
export function commandLine(words: readonly string[]): string {
  return ["sessionlog", ...words].map(quoted).join(" ");
}

/** A word as a shell takes it, whatever is in it. */
function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The filter as flags, since and until as they were given; undefined when the command line has not all of its parts. */
export function filterFlags(filter: ViewFilter, query: URLSearchParams): readonly string[] | undefined {
  if (hasOwnParts(filter)) return undefined;
  const { names } = filter;
  const times = ["since", "until"].flatMap((name) => {
    const text = query.get(name);
    return text === null || text === "" ? [] : [`--${name}`, text];
  });
  return [
    ...times,
    ...Object.entries(names).flatMap(([name, values]) => values.flatMap((value) => [`--${name}`, value])),
  ];
}
