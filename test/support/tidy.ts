/** The rules that test/tidy.test.ts applies to the repository: pure functions over texts, each telling what breaks it. */

/** A folder of src/, and what it may import: folders of src/ beside itself, and packages. "*" stands for any package. */
export interface Folder {
  readonly folders: readonly string[];
  readonly packages: readonly string[];
}

/**
 * The arrows of the layout: main → cli → {service, query, client} → rpc → {record, journal} → gen. Everything not named
 * here is forbidden.
 */
export const layout: Readonly<Record<string, Folder>> = {
  main: { folders: ["cli"], packages: ["node:"] },
  cli: {
    folders: ["service", "query", "client", "rpc", "record", "journal", "gen", "config"],
    packages: ["node:", "commander", "pino", "pino-pretty", "@bufbuild/protobuf"],
  },
  service: { folders: ["rpc", "record", "journal", "gen", "config"], packages: ["node:", "pino", "@grpc/grpc-js"] },
  query: { folders: ["record", "journal", "gen"], packages: ["node:", "@duckdb/node-api"] },
  // No server code: a program that embeds the client gets neither the service nor its configuration.
  client: { folders: ["record", "gen"], packages: ["node:", "@grpc/grpc-js", "@bufbuild/protobuf"] },
  rpc: {
    folders: ["record", "journal", "gen", "config"],
    packages: ["node:", "@grpc/grpc-js", "@grpc/reflection", "@grpc/proto-loader", "grpc-health-check"],
  },
  // Pure: of Node only what works on bytes.
  record: { folders: ["gen"], packages: ["node:buffer", "ajv"] },
  // Opaque lines: no gRPC, no protobuf.
  journal: { folders: ["gen"], packages: ["node:", "fs-native-extensions"] },
  config: { folders: [], packages: ["node:", "smol-toml"] },
  gen: { folders: [], packages: ["@bufbuild/protobuf", "@grpc/grpc-js"] },
};

/** Folders that others enter through index.ts alone, but for those named. */
const closed: Readonly<Record<string, readonly string[]>> = { record: [], journal: ["query"] };

/** What is wrong with the imports of a file of src/, by its path such as `src/rpc/append.ts`. */
export function importProblems(path: string, source: string): readonly string[] {
  const from = folderOf(path);
  const may = layout[from];
  if (may === undefined) return [`${path}: src/${from} has no place in the layout`];
  return importsOf(source).flatMap((name) => {
    if (!name.startsWith(".")) {
      const allowed = may.packages.some((known) => known === name || name.startsWith(known.replace(/[^:]$/, "$&/")));
      return allowed ? [] : [`${path}: ${from} may not import ${name}`];
    }
    const target = new URL(name, `file:///${path}`).pathname.slice(1);
    const to = folderOf(target);
    if (to === from) return [];
    if (!may.folders.includes(to)) return [`${path}: ${from} may not import ${target}`];
    const inside = to in closed && !target.endsWith("/index.js") && closed[to]?.includes(from) === false;
    return inside ? [`${path}: ${to} is entered through its index, not ${target}`] : [];
  });
}

/** `rpc` for src/rpc/append.ts, `main` for src/main.ts, `test` for test/x.ts. */
function folderOf(path: string): string {
  const [top = "", first = "", ...rest] = path.split("/");
  if (top !== "src") return top;
  return rest.length > 0 ? first : first.replace(/\.[jt]s$/, "");
}

/** What a file imports or hands on, types included. */
export function importsOf(source: string): readonly string[] {
  const pattern =
    /\b(?:import|export)\b[^"';=]*?\bfrom\s*"([^"]+)"|\bimport\s*\(\s*"([^"]+)"\s*\)|^\s*import\s*"([^"]+)"/gm;
  return [...withoutComments(source).matchAll(pattern)].map(([, from, dynamic, bare]) => from ?? dynamic ?? bare ?? "");
}

/** Ways around the compiler, and default exports, in a file that people write. */
export function typeProblems(path: string, source: string): readonly string[] {
  const found: string[] = [];
  for (const [, directive] of source.matchAll(/@(ts-(?:ignore|nocheck|expect-error))\b/g)) found.push(`@${directive}`);
  const code = withoutLiterals(source).replaceAll(/^\s*(?:import|export)\b[^;=(]*?\bfrom\b/gm, "");
  const rules: readonly (readonly [RegExp, string])[] = [
    [/\bexport\s+default\b|\bas\s+default\b/, "a default export"],
    [/(?<![.\w])any\b(?!\s*[:(])/, "any"],
    [/[\w)\]]!(?![=\w])/, "a non-null !"],
    [/(?<=[\w)\]}"'`]\s*)\bas\s+(?!const\b|default\b)[\w{[(]/, "an `as` other than `as const`"],
  ];
  for (const [pattern, what] of rules) if (pattern.test(code)) found.push(what);
  return found.map((what) => `${path}: has ${what}`);
}

/** The source with its comments blanked out. */
export function withoutComments(source: string): string {
  return scan(source, true);
}

/** The source with its comments and the contents of texts and regular expressions blanked out. */
export function withoutLiterals(source: string): string {
  return scan(source, false);
}

/** A comment, a text, a template's piece of text or a regular expression, whichever begins first. */
const LITERAL = new RegExp(
  [
    String.raw`\/\/[^\n]*`,
    String.raw`\/\*[\s\S]*?\*\/`,
    String.raw`"(?:\\.|[^"\\\n])*"`,
    String.raw`'(?:\\.|[^'\\\n])*'`,
    // A slash that follows an operator, a bracket or return begins a regular expression, any other divides.
    String.raw`(?<=(?:^|[(,=:[!&|?{};+*%~^<>-]|\breturn)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*`,
    "`",
  ].join("|"),
  "gm",
);

function scan(source: string, keep_texts: boolean): string {
  let out = "";
  let at = 0;
  for (;;) {
    LITERAL.lastIndex = at;
    const match = LITERAL.exec(source);
    if (match === null) return out + source.slice(at);
    out += source.slice(at, match.index);
    const [literal] = match;
    at = match.index + literal.length;
    if (literal === "`") {
      const [template, end] = scanTemplate(source, at, keep_texts);
      out += template;
      at = end;
    } else if (/^\/[/*]/.test(literal)) out += literal.replaceAll(/[^\n]/g, " ");
    else out += keep_texts ? literal : `${literal[0]}${literal[0]}`;
  }
}

/** A template from behind its first backquote on: its code stays, its text only when wanted. */
function scanTemplate(source: string, start: number, keep_texts: boolean): readonly [string, number] {
  let out = "`";
  let at = start;
  while (at < source.length) {
    const char = source[at] ?? "";
    if (char === "\\") {
      if (keep_texts) out += source.slice(at, at + 2);
      at += 2;
    } else if (char === "`") return [`${out}\``, at + 1];
    else if (source.startsWith("${", at)) {
      const end = endOfBraces(source, at + 2);
      out += `\${${scan(source.slice(at + 2, end), keep_texts)}}`;
      at = end + 1;
    } else {
      if (keep_texts || char === "\n") out += char;
      at += 1;
    }
  }
  return [out, at];
}

/** Where the braces close that were opened before `start`; templates within may have braces of their own. */
function endOfBraces(source: string, start: number): number {
  let depth = 1;
  for (let at = start; at < source.length; at++) {
    const char = source[at];
    if (char === "{") depth += 1;
    else if (char === "}" && --depth === 0) return at;
    else if (char === "`") at = scanTemplate(source, at + 1, false)[1] - 1;
  }
  return source.length;
}

/** Tests that have no file of their own to test, unless they are listed as going across. */
export function twinProblems(files: readonly string[], across: Readonly<Record<string, string>>): readonly string[] {
  const known = new Set(files);
  return files.flatMap((path) => {
    const unit = /^test\/(.+)\.test\.ts$/.exec(path)?.[1];
    if (unit === undefined || path in across) return [];
    const twins = [`src/${unit}.ts`, `${unit}.mjs`];
    return twins.some((twin) => known.has(twin)) ? [] : [`${path}: there is no ${twins.join(" and no ")}`];
  });
}

/** Files longer than `max` lines that nobody has given a reason for. */
export function lengthProblems(
  files: ReadonlyMap<string, string>,
  max: number,
  reasons: Readonly<Record<string, string>>,
): readonly string[] {
  return [...files].flatMap(([path, text]) => {
    const lines = text.split("\n").length - 1;
    return lines > max && !(path in reasons) ? [`${path}: ${lines} lines`] : [];
  });
}

/** Put together here, so that this file does not break its own rule. */
const registries = [
  ["registry", "npmjs", "org"],
  ["registry", "yarnpkg", "com"],
  ["pypi", "org"],
  ["files", "pythonhosted", "org"],
  ["proxy", "golang", "org"],
  ["sum", "golang", "org"],
  ["static", "crates", "io"],
  ["index", "crates", "io"],
  ["repo1", "maven", "org"],
  ["jfrog", "io"],
].map((labels) => labels.join("."));

/** Paths that only one machine has. /home/me is what tests call the home of somebody. */
const machine_paths = new RegExp(
  ["work", "root", "Users/\\w", "tmp/scratch", "home/(?!me\\b)\\w+/"]
    .map((path) => `(?<![\\w.~$}/-])/${path}${path.includes("\\w") ? "" : "(?:/|\\b)"}`)
    .join("|"),
  "g",
);

/** What a text tells of the machine that it was written on, or of where its packages came from. */
export function originProblems(path: string, text: string): readonly string[] {
  const hosts = registries.filter((host) => text.includes(host));
  const paths = [...text.matchAll(machine_paths)].map(([found]) => found);
  return [...new Set([...hosts, ...paths])].map((found) => `${path}: names ${found}`);
}

/** A lock file must not say from where its packages are fetched: everybody has a registry of their own. */
export function lockProblems(path: string, text: string): readonly string[] {
  return /"resolved"\s*:/.test(text) ? [`${path}: has "resolved"`] : [];
}
