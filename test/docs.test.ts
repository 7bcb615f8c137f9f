import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  createWorkspace,
  examplesOf,
  fencesOf,
  loggedMessages,
  looksLike,
  missingTools,
  pinsOf,
  programsOf,
  root,
  settingsRows,
  unpinnedIn,
  type Workspace,
} from "./support/docs.js";

/** Commands of these blocks are run, and output that follows is compared. */
const RUN = ["sh", "text"];
/** Written to a file and checked by `sessionlog check-config`. */
const CHECKED = ["toml"];
/** Neither: files of other programs. */
const SHOWN = ["ini", "json"];
/** Commands that no test runs: by the page, how their blocks begin, and why. */
const NOT_RUN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "docs/SESSION_LOG.md": {
    "python3 ": "conformance/python-duckdb.mjs runs it, where Python and its duckdb are",
  },
  "docs/OPERATIONS.md": {
    "sudo systemctl": "changes the machine",
  },
};
/** The page whose programs conformance runs, by these suites. */
const PROGRAMS = "docs/CLIENTS.md";
/** What pins the versions that the conformance programs and our clients are tested with. */
const PINNED_BY = [
  "clients/python/requirements-dev.txt",
  "clients/go/go.mod",
  "clients/go/generate.sh",
  "conformance/rust/Cargo.toml",
  "conformance/java/pom.xml",
];
/** Names of the page that have their version under another one. */
const PINNED_AS: Readonly<Record<string, string>> = {
  "grpcio-tools": "grpcio",
  "google.golang.org/protobuf/cmd/protoc-gen-go": "PROTOC_GEN_GO",
  "google.golang.org/grpc/cmd/protoc-gen-go-grpc": "PROTOC_GEN_GO_GRPC",
};

const read = (page: string) => readFileSync(join(root, page), "utf8");
const folder = (name: string, ending: string) =>
  readdirSync(join(root, name), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${name}/${file}`);
const pages = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", ...folder("docs", ".md")];

describe.each(pages)("%s", (page) => {
  const all = fencesOf(read(page));
  const programs = page === PROGRAMS ? programsOf(all) : [];
  const fences = all.filter((fence) => !programs.includes(fence));
  let workspace: Workspace | undefined;
  afterAll(async () => {
    const code = await workspace?.close();
    if (code !== undefined) expect(code).toBe(0);
  });

  test("has only blocks whose kind says what is done with them", () => {
    for (const { info, text, line } of fences) {
      if ([...RUN, ...CHECKED, ...SHOWN].includes(info)) continue;
      const reasons = info === "console" ? (NOT_RUN[page] ?? {}) : {};
      const excused = Object.keys(reasons).some((beginning) => text.startsWith(beginning));
      expect(excused, `${page}:${line}: a block \`\`\`${info}`).toBe(true);
    }
  });

  const needs = createNeeds();
  for (const { line, commands, output, exit_code } of examplesOf(fences)) {
    const missing = needs.missing(commands);
    const first = commands.split("\n")[0];
    // In CI nothing is skipped without a word: there a missing tool is a failure.
    test.skipIf(missing.length > 0 && process.env.CI !== "true")(`line ${line}: ${first}`, async () => {
      expect(missing, "programs that are not on PATH nor in .tools/bin").toEqual([]);
      workspace ??= createWorkspace();
      const result = await workspace.run(commands);
      if (output !== undefined && !looksLike(result.output, output)) expect(result.output).toBe(output);
      expect(result.exit_code, result.output).toBe(exit_code);
    });
  }

  for (const { text, line } of fences.filter(({ info }) => CHECKED.includes(info))) {
    test(`line ${line}: the configuration is right`, async () => {
      workspace ??= createWorkspace();
      const toml = text.replaceAll("'", "'\\''");
      const commands = `printf '%s' '${toml}' > checked.conf && npx sessionlog check-config --config checked.conf`;
      const { output, exit_code } = await workspace.run(commands);
      expect(exit_code, output).toBe(0);
    });
  }

  test("names only npm scripts that are there", () => {
    const scripts: unknown = Reflect.get(Object(JSON.parse(read("package.json"))), "scripts");
    const named = [...read(page).matchAll(/\bnpm run (?:--silent )?([\w:]+)/g)].map(([, name = ""]) => name);
    expect(named.filter((name) => !Object.hasOwn(Object(scripts), name))).toEqual([]);
  });

  test("names only files that are there", () => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = ""]) => target);
    const base = new URL(page, `file://${root}`);
    for (const target of links) expect(() => readdirOrFile(new URL(target, base).pathname), target).not.toThrow();
  });
});

/** What keeps the blocks of a page from being run, in their order: a block that reads the log needs those that wrote it. */
function createNeeds() {
  const unwritten = new Set<string>();
  return {
    missing(commands: string): readonly string[] {
      const missing = missingTools(commands);
      if (/AppendSession/.test(commands)) for (const tool of missing) unwritten.add(tool);
      return /\bdata\//.test(commands) ? [...new Set([...missing, ...unwritten])] : missing;
    },
  };
}

function readdirOrFile(path: string): unknown {
  try {
    return readdirSync(path);
  } catch {
    return readFileSync(path);
  }
}

test("npx finds the program in a clone", async () => {
  const workspace = createWorkspace();
  try {
    expect(await workspace.run("npx sessionlog --version")).toEqual({
      output: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      exit_code: 0,
    });
  } finally {
    await workspace.close();
  }
});

test("docs/OPERATIONS.md has the table of settings that the code has", () => {
  const table = /<!-- settings -->([\s\S]*)<!-- end of settings -->/.exec(read("docs/OPERATIONS.md"))?.[1] ?? "";
  const narrow = (row: string) => row.replaceAll(/ +/g, " ");
  expect(table.trim().split("\n").slice(2).map(narrow)).toEqual(settingsRows().map(narrow));
});

test("docs/OPERATIONS.md explains everything that is logged", () => {
  const page = read("docs/OPERATIONS.md");
  const sources = ["journal", "rpc", "service"].flatMap((name) => folder(`src/${name}`, ".ts"));
  const messages = sources.flatMap((file) => loggedMessages(read(file)));
  expect(messages.length).toBeGreaterThan(20);
  expect(messages.filter((message) => !page.includes(message))).toEqual([]);
});

test("docs/DEPENDENCIES.md has a line for each dependency, and for nothing else", () => {
  const manifest: unknown = JSON.parse(read("package.json"));
  const names = ["dependencies", "devDependencies"].flatMap((kind) =>
    Object.keys(Object(Reflect.get(Object(manifest), kind))),
  );
  const lines = [...read("docs/DEPENDENCIES.md").matchAll(/^\| `([^`]+)` +\| \S/gm)].map(([, name]) => name);
  expect(lines.toSorted()).toEqual(names.toSorted());
});

describe(`the programs of ${PROGRAMS}`, async () => {
  const conformance = Object(await import(new URL("../conformance/clients-page.mjs", import.meta.url).href));
  const run: readonly { heading: string; line: number }[] = conformance.programs;

  test("are run by suites of conformance, block by block", () => {
    const lines = programsOf(fencesOf(read(PROGRAMS))).map(({ line }) => line);
    expect(run.map(({ line }) => line)).toEqual(lines);
    for (const suite of new Set(run.map(({ heading }) => String(conformance.suiteOf(heading))))) {
      expect(read(`conformance/${suite}.mjs`)).toContain(`runPrograms("${suite}"`);
      expect(read("conformance/run.mjs")).toContain(`from "./${suite}.mjs"`);
    }
  });

  test("pin the versions that conformance and our clients are tested with", () => {
    const tested = pinsOf(PINNED_BY.map(read).join("\n"));
    for (const [name, version] of pinsOf(read(PROGRAMS))) {
      expect(`${name} ${version}`).toBe(`${name} ${tested.get(PINNED_AS[name] ?? name)}`);
    }
    expect(unpinnedIn(read(PROGRAMS))).toEqual([]);
  });
});

describe("what the checks are made of", () => {
  test("examplesOf pairs commands with the output that follows", () => {
    const page = "```sh\na\nb # exit 3\n```\n\nso:\n\n```text\nout\n```\n```toml\nx\n```\n```sh\nc\n```\n";
    expect(examplesOf(fencesOf(page))).toEqual([
      { line: 1, commands: "a\nb # exit 3", output: "out", exit_code: 3 },
      { line: 14, commands: "c", output: undefined, exit_code: 0 },
    ]);
  });

  test("programsOf takes all blocks under a heading that has a file", () => {
    const page = "# A\n```sh\na\n```\n## B\n```sh\n# b\n```\n```go main.go\nb\n```\n## C\n```text\nc\n```\n";
    expect(programsOf(fencesOf(page)).map(({ line }) => line)).toEqual([6, 9]);
  });

  test("pinsOf finds versions in all the ways that there are", () => {
    const text = `pip install a==1.2 b\ngo get c.d/e@v1.2.3\nF=v1.2\n\tg.h/i v0.1.0-x\ncargo add j@0.1\nk = "0.2"
l = { version = "0.3", m = [] }\n<artifactId>n</artifactId>\n<version>1.4</version><o.version>2.1<mvn p.q:r:3.5.0:s`;
    const pins = "a 1.2,c.d/e 1.2.3,F 1.2,g.h/i 0.1.0-x,j 0.1,k 0.2,l 0.3,n 1.4,o.version 2.1,r 3.5.0";
    expect([...pinsOf(text)].map((pin) => pin.join(" ")).join()).toBe(pins);
    expect(unpinnedIn(text)).toEqual(["b"]);
  });

  test.each([
    ["a b\nc", "a b\nc", true],
    ["a\t b \n\nc\n", "a b\n\nc", true],
    ["a b", "a", false],
    ["a 17 ms", "a … ms", true],
    ["a\nb", "a…b", false],
    ["a\nx\ny\nb", "a\n…\nb", true],
    ["a\nb", "a\n…\nb", true],
    ["a\nx\nc", "a\n…\nb", false],
    ["a.b", "a+b", false],
  ])("looksLike compares %j with %j: %s", (output, shown, like) => {
    expect(looksLike(output, shown)).toBe(like);
  });

  test("loggedMessages finds messages behind fields, on one line or several", () => {
    const source = `log.warn({ a }, "first");\nlogger.info(\n  { b: c() },\n  "second",\n);\nlog.error({}, \`third: \${x}\`);`;
    expect(loggedMessages(source)).toEqual(["first", "second", "third"]);
  });

  test("missingTools names what a command calls and nobody has", () => {
    expect(missingTools("grpcurl list\necho grpc-health-probe", "/nowhere")).toEqual(["grpcurl"]);
    expect(missingTools("duckdb -c 1", "/nowhere")).toEqual([]);
  });
});
