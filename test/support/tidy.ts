/** The rules that test/tidy.test.ts applies to the repository: pure functions over texts, each telling what breaks it. */

/** Tests that have no file of their own to test, unless they are listed as going across. */
export function twinProblems(files: readonly string[], across: Readonly<Record<string, string>>): readonly string[] {
  const known = new Set(files);
  return files.flatMap((path) => {
    const [, folder, unit] = /^((?:.+\/)?)test\/(.+)\.test\.ts$/.exec(path) ?? [];
    if (folder === undefined || unit === undefined || path in across) return [];
    const twins = [`${folder}src/${unit}.ts`, ...(folder === "" ? [`${unit}.mjs`] : [])];
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

/** A lock file must not say from where its packages are fetched: registries differ. Packages of the workspace have a path. */
export function lockProblems(path: string, text: string): readonly string[] {
  return /"resolved"\s*:\s*"[^"]*:/.test(text) ? [`${path}: has "resolved"`] : [];
}

/** Folders with more than `max` files of their own. */
export function folderProblems(files: readonly string[], max: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const file of files) {
    const folder = file.slice(0, Math.max(0, file.lastIndexOf("/")));
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].flatMap(([folder, count]) => (count > max ? [`${folder}: ${count} files`] : []));
}

/** Names that belong to other people's packages: on npm and PyPI, plain sessionlog is not this project. */
const FOREIGN_NAMES =
  /\bnpx sessionlog\b|"sessionlog\/client\b|\bpip install sessionlog\b(?!-)|^(?:import|from) sessionlog\b(?!\.v1)/gm;

export function nameProblems(path: string, text: string): readonly string[] {
  return [...text.matchAll(FOREIGN_NAMES)].map(([name]) => `${path}: ${name}`);
}
