import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { readAuthFile } from "../src/config/auth_file.js";
import {
  examplesOf,
  fencesOf,
  listPages,
  loggedMessages,
  looksLike,
  needsPrograms,
  pinsOf,
  programsOf,
  root,
  settingsRows,
  testExamples,
  unpinnedIn,
} from "./support/docs.js";

/** Commands of these blocks are run, and output that follows is compared. */
const RUN = ["sh", "text"];
/** Written to a file and checked by `sessionlog check-config`. */
const CHECKED = ["toml"];
/** Read as the file of [auth]. */
const IDENTITIES = "toml auth";
/** Neither: files of other programs. */
const SHOWN = ["ini", "json"];
/** Commands that no test runs: by the page, how their blocks begin, and why. */
const NOT_RUN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "docs/SESSION_LOG.md": {
    "python3 ": "conformance/python-duckdb.mjs runs it, where Python and its duckdb are",
  },
  "docs/VIEWER.md": {
    "npx --no sessionlog view": "runs until Ctrl-C; test/cli/commands/view.test.ts runs it",
  },
  "docs/PACKAGES.md": {
    "sudo npm install": "changes the machine",
    "docker build": "needs Docker's engine; the suite image builds it with buildah",
    "docker compose": "needs Docker's engine; the suite image checks the files",
    "kubectl ": "needs a cluster; the suite kubernetes checks the files",
  },
};
/** The pages whose programs conformance runs. */
const PROGRAMS = ["README.md", "docs/CLIENTS.md"];
/** What pins the versions that the conformance programs and our clients are tested with. */
const PINNED_BY = [
  "clients/python/requirements-dev.txt",
  "clients/python/requirements-frameworks.txt",
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
const sourcesIn = (name: string) =>
  readdirSync(join(root, name), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${name}/${file}`);

describe.each(listPages())("%s", (page) => {
  const all = fencesOf(read(page));
  const programs = PROGRAMS.includes(page) ? programsOf(all) : [];
  const fences = all.filter((fence) => !programs.includes(fence));

  test("has only blocks whose kind says what is done with them", () => {
    for (const { info, text, line } of fences) {
      if ([...RUN, ...CHECKED, IDENTITIES, ...SHOWN].includes(info)) continue;
      const reasons = info === "console" ? (NOT_RUN[page] ?? {}) : {};
      const excused = Object.keys(reasons).some((beginning) => text.startsWith(beginning));
      expect(excused, `${page}:${line}: a block \`\`\`${info}`).toBe(true);
    }
  });

  testExamples(examplesOf(fences).filter(({ commands }) => !needsPrograms(commands)));

  for (const { text, line } of fences.filter(({ info }) => CHECKED.includes(info))) {
    test(`line ${line}: the configuration is right`, async () => {
      const directory = mkdtempSync(join(tmpdir(), "sessionlog-docs-"));
      onTestFinished(() => rmSync(directory, { recursive: true }));
      const file = join(directory, "sessionlog.toml");
      writeFileSync(file, text);
      await promisify(execFile)(process.execPath, ["dist/main.js", "check-config", "--config", file], { cwd: root });
    });
  }

  for (const { text, line } of fences.filter(({ info }) => info === IDENTITIES)) {
    test(`line ${line}: the identities are right`, () => {
      const auth = { file: page, reflection: "public" as const, unix_identity: "", reload_interval_ms: 1 };
      expect(readAuthFile(auth, () => Buffer.from(text))).not.toHaveLength(0);
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

function readdirOrFile(path: string): unknown {
  try {
    return readdirSync(path);
  } catch {
    return readFileSync(path);
  }
}

test("docs/OPERATIONS.md has the table of settings that the code has", () => {
  const table = /<!-- settings -->([\s\S]*)<!-- end of settings -->/.exec(read("docs/OPERATIONS.md"))?.[1] ?? "";
  const narrow = (row: string) => row.replaceAll(/ +/g, " ");
  expect(table.trim().split("\n").slice(2).map(narrow)).toEqual(settingsRows().map(narrow));
});

test("docs/OPERATIONS.md explains everything that is logged", () => {
  const page = read("docs/OPERATIONS.md");
  const folders = ["journal", "rpc", "service"].flatMap((name) => sourcesIn(`src/${name}`));
  const sources = [...folders, "src/cli/commands/serve.ts", "src/cli/output/logger.ts"];
  const messages = sources.flatMap((file) => loggedMessages(read(file)));
  expect(messages.length).toBeGreaterThan(20);
  expect(messages.filter((message) => !page.includes(message))).toEqual([]);
});

test("docs/DEPENDENCIES.md has a line for each dependency, and for nothing else", () => {
  const manifests = ["", "protocol/", "clients/typescript/"].map((folder) => JSON.parse(read(`${folder}package.json`)));
  const all = manifests.flatMap((manifest) =>
    Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies }),
  );
  const names = [...new Set(all)].filter((name) => !name.startsWith("@sessionlog/"));
  const lines = [...read("docs/DEPENDENCIES.md").matchAll(/^\| `([^`]+)` +\| \S/gm)].map(([, name]) => name);
  expect(lines.toSorted()).toEqual(names.toSorted());
});

describe("the programs of the pages", async () => {
  const conformance = Object(await import(new URL("../conformance/clients-page.mjs", import.meta.url).href));
  const run: readonly { page: string; heading: string; line: number }[] = conformance.programs;

  test.each(PROGRAMS)("those of %s are run by suites of conformance, block by block", (page) => {
    const lines = programsOf(fencesOf(read(page))).map(({ line }) => line);
    expect(lines.length).toBeGreaterThan(0);
    expect(run.filter((program) => program.page === page).map(({ line }) => line)).toEqual(lines);
    for (const suite of new Set(run.map(({ heading }) => String(conformance.suiteOf(heading))))) {
      expect(read(`conformance/${suite}.mjs`)).toContain(`runPrograms("${suite}"`);
      expect(read("conformance/run.mjs")).toContain(`from "./${suite}.mjs"`);
    }
  });

  test.each(PROGRAMS)("those of %s pin the versions that conformance and our clients are tested with", (page) => {
    const tested = pinsOf(PINNED_BY.map(read).join("\n"));
    for (const [name, version] of pinsOf(read(page))) {
      expect(`${name} ${version}`).toBe(`${name} ${tested.get(PINNED_AS[name] ?? name)}`);
    }
    expect(unpinnedIn(read(page))).toEqual([]);
  });
});

test("examples that need programs are run by conformance", () => {
  expect(read("conformance/run.mjs")).toContain('from "./pages.mjs"');
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

  test("needsPrograms finds calls of programs, and not their names", () => {
    expect(needsPrograms("echo a\ngrpcurl list")).toBe(true);
    expect(needsPrograms("echo grpc-health-probe")).toBe(false);
  });
});
