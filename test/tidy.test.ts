import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  importProblems,
  importsOf,
  lengthProblems,
  lockProblems,
  originProblems,
  twinProblems,
  typeProblems,
  withoutComments,
  withoutLiterals,
} from "./support/tidy.js";

/** Tests that are not of one file, and what they are of. */
const ACROSS = {
  "test/tidy.test.ts": "the repository",
  "test/docs.test.ts": "the pages",
  "test/cli/main.test.ts": "the built program, as a process",
  "test/record/golden.test.ts": "the golden cases through record/",
  "test/record/properties.test.ts": "arbitrary records through record/",
  "test/rpc/golden.test.ts": "the golden cases through the service",
  "test/rpc/requests.test.ts": "arbitrary and malformed requests through the service",
  "test/journal/crash_campaign.test.ts": "the journal on a disk that fails at every operation, in a short form",
  "test/query/queries.test.ts": "the questions in queries/",
};

const LINES_MAX = 250;
/** Longer files, and why they are not two. */
const LONG = {
  "src/journal/store.ts": "one writer's state: the file, the lock and the next sequence change together",
  "src/journal/journal.ts": "one state machine: state, queue, chain and timers change together",
  "test/journal/journal.test.ts": "one journal, one way to set it up",
  "test/journal/node_disk.test.ts": "one port, all of its operations",
  "test/support/crash_campaign.ts": "one campaign: what is done, and what must hold afterwards",
  "test/rpc/tail.test.ts": "one RPC, one way to call it",
  "test/cli/query.test.ts": "one command, one way to run it",
  "test/query/queries.test.ts": "one question after the other, over the same rows",
  "test/query/read_journal.test.ts": "one reader, one way to set up its files",
  "test/support/simulated_disk.ts": "a whole file system in memory",
};

const root = new URL("..", import.meta.url).pathname;
const UNVISITED = ["node_modules", ".git", ".tools", "dist", "coverage", "__pycache__", "data"];
const golden = ["accept.jsonl", "reject.jsonl"];

/** The repository's text files by path. */
function readTexts(folder = ""): Map<string, string> {
  const texts = new Map<string, string>();
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (UNVISITED.includes(entry.name) || entry.name.startsWith(".venv")) continue;
    if (entry.isDirectory()) for (const [inner, text] of readTexts(path)) texts.set(inner, text);
    if (!entry.isFile()) continue;
    const text = readFileSync(join(root, path), "utf8");
    if (!text.includes("\0")) texts.set(path, text);
  }
  return texts;
}

const texts = readTexts();
const written = new Map([...texts].filter(([path]) => /\.(ts|mjs)$/.test(path) && !path.startsWith("src/gen/")));
const sources = new Map([...written].filter(([path]) => path.startsWith("src/")));
const problems = (files: Map<string, string>, rule: (path: string, text: string) => readonly string[]) =>
  [...files].flatMap(([path, text]) => rule(path, text));

describe("the repository", () => {
  test("has the files that these tests look for", () => {
    expect(sources.size).toBeGreaterThan(70);
    expect(texts.has("src/main.ts") && texts.has("package-lock.json") && texts.has(".ci/run")).toBe(true);
  });

  test("has no import that goes up or sideways", () => {
    const all = new Map([...texts].filter(([path]) => /^src\/.*\.ts$/.test(path)));
    expect(problems(all, importProblems)).toEqual([]);
  });

  test("has no default export, any, cast, ! or silenced error in src/", () => {
    const modules = new Map([...sources].filter(([path]) => !path.endsWith(".d.ts")));
    expect(problems(modules, typeProblems)).toEqual([]);
  });

  test("has a source file for each test", () => {
    expect(twinProblems([...texts.keys()], ACROSS)).toEqual([]);
  });

  test("has no file that is long without a reason", () => {
    expect(lengthProblems(written, LINES_MAX, LONG)).toEqual([]);
  });

  test("names no registry and no path of one machine", () => {
    expect(problems(texts, originProblems)).toEqual([]);
  });

  test("has lock files that do not say from where", () => {
    const locks = new Map([...texts].filter(([path]) => path.endsWith("package-lock.json")));
    expect(locks.size).toBeGreaterThan(0);
    expect(problems(locks, lockProblems)).toEqual([]);
  });

  const shared = join(root, "../shared/golden");
  test.skipIf(!existsSync(shared)).each(golden)("has the shared golden file %s unchanged", (file) => {
    expect(texts.get(`test/golden/${file}`)).toBe(readFileSync(join(shared, file), "utf8"));
  });
});

describe("importProblems", () => {
  test.each([
    ["src/rpc/a.ts", 'import { b } from "../service/b.js";', "rpc may not import src/service/b.js"],
    ["src/record/a.ts", 'import type { B } from "../journal/index.js";', "record may not import src/journal/index.js"],
    ["src/journal/a.ts", 'export { b } from "@grpc/grpc-js";', "journal may not import @grpc/grpc-js"],
    ["src/record/a.ts", 'import { open } from "node:fs";', "record may not import node:fs"],
    ["src/client/a.ts", 'const a = await import("../config/config.js");', "client may not import src/config/config.js"],
    ["src/config/a.ts", 'import "../gen/a.js";', "config may not import src/gen/a.js"],
    ["src/rpc/a.ts", 'import { b } from "../record/b.js";', "record is entered through its index, not src/record/b.js"],
    [
      "src/rpc/a.ts",
      'import { b } from "../journal/b.js";',
      "journal is entered through its index, not src/journal/b.js",
    ],
    ["src/main.ts", 'import {\n  b,\n} from "./record/index.js";', "main may not import src/record/index.js"],
    ["src/rpc/a.ts", 'import { b } from "../../test/b.js";', "rpc may not import test/b.js"],
    ["src/extra/a.ts", "", "src/extra has no place in the layout"],
    ["src/rpc/a.ts", 'import x from "@grpc/grpc-js-extra";', "rpc may not import @grpc/grpc-js-extra"],
  ])("finds in %s: %s", (path, source, problem) => {
    expect(importProblems(path, source)).toEqual([`${path}: ${problem}`]);
  });

  test.each([
    ["src/main.ts", 'import { run } from "./cli/program.js";'],
    ["src/cli/a.ts", 'import { b } from "../record/index.js";'],
    ["src/rpc/a.ts", 'import { b } from "./b.js";\nimport { c } from "@grpc/grpc-js";'],
    ["src/record/a.ts", 'import { Ajv } from "ajv/dist/2020.js";\n// import { b } from "../rpc/b.js";'],
    ["src/query/a.ts", 'import { b } from "../journal/segments.js";'],
  ])("passes %s: %s", (path, source) => {
    expect(importProblems(path, source)).toEqual([]);
  });

  test("importsOf finds every form once", () => {
    const source =
      'import a from "a";\nexport * from "b";\nimport "c";\nawait import("d");\nimport type { E } from "e";';
    expect(importsOf(source)).toEqual(["a", "b", "c", "d", "e"]);
  });
});

describe("typeProblems", () => {
  test.each([
    ["export default 1;", "a default export"],
    ["export { a as default };", "a default export"],
    ["const a: any = 1;", "any"],
    ["let a: Map<string, any>;", "any"],
    ["a = b!.c;", "a non-null !"],
    ["a = b[0]!;", "a non-null !"],
    ["a = b as string;", "an `as` other than `as const`"],
    ["a = (b) as unknown;", "an `as` other than `as const`"],
    [`a = \`\${b as string}\`;`, "an `as` other than `as const`"],
    ["// @ts-ignore\na();", "@ts-ignore"],
  ])("finds in %j: %s", (source, what) => {
    expect(typeProblems("src/a.ts", source)).toEqual([`src/a.ts: has ${what}`]);
  });

  test.each([
    'import { a as b } from "c";\nimport * as d from "e";\nexport { f as g } from "h";',
    "const a = [1] as const;",
    "if (!a && b !== c && !d) return;",
    '/** As any reader knows, it is as good as new! */ const a = "any! as string";',
    `const a = \`as any! \${b} as any\`;`,
    'const a = /["`]!any as x/; const c = Promise.any(d);',
    "const a = b / c / d;",
  ])("passes %j", (source) => {
    expect(typeProblems("src/a.ts", source)).toEqual([]);
  });

  test("withoutComments and withoutLiterals leave the code in place", () => {
    const source = `a(/* x */ "b//c"); // d\ne(\`f\${g("h")}\`);`;
    expect(withoutComments(source)).toBe(`a(        "b//c");     \ne(\`f\${g("h")}\`);`);
    expect(withoutLiterals(source)).toBe(`a(        "");     \ne(\`\${g("")}\`);`);
  });
});

test("twinProblems finds tests of nothing", () => {
  const files = [
    "src/a/b.ts",
    "test/a/b.test.ts",
    "test/a/c.test.ts",
    "test/a/d.test.ts",
    "test/e/f.test.ts",
    "e/f.mjs",
  ];
  expect(twinProblems(files, { "test/a/d.test.ts": "all" })).toEqual([
    "test/a/c.test.ts: there is no src/a/c.ts and no a/c.mjs",
  ]);
});

test("lengthProblems finds long files without a reason", () => {
  const files = new Map([
    ["a.ts", "\n\n\n"],
    ["b.ts", "\n\n\n"],
    ["c.ts", "\n\n"],
  ]);
  expect(lengthProblems(files, 2, { "b.ts": "why" })).toEqual(["a.ts: 3 lines"]);
});

describe("originProblems", () => {
  test.each([
    ["https://", ["registry", "npmjs", "org"], "."],
    ["see ", ["", "work", "main"], "/"],
    ['"', ["", "root", "x"], "/"],
    ["in ", ["", "Users", "ann"], "/"],
    ["in ", ["", "home", "ann", "x"], "/"],
  ])("finds %s%j", (before, parts, separator) => {
    expect(originProblems("a.md", `${before}${parts.join(separator)} `)).toHaveLength(1);
  });

  test.each([
    ["a/work/b"],
    ["the network/root of it"],
    ["/home/me/x"],
    ["https://example.org/"],
    ["/var/lib/sessionlog"],
  ])("passes %s", (text) => {
    expect(originProblems("a.md", text)).toEqual([]);
  });
});

test("lockProblems finds where packages come from", () => {
  expect(lockProblems("l", '{"resolved": "x"}')).toEqual(['l: has "resolved"']);
  expect(lockProblems("l", '{"version": "1.0.0"}')).toEqual([]);
});
