import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  folderProblems,
  lengthProblems,
  lockProblems,
  nameProblems,
  originProblems,
  twinProblems,
} from "./support/tidy.js";

/** Tests that are not of one file, and what they are of. */
const ACROSS = {
  "test/tidy.test.ts": "the repository",
  "test/docs.test.ts": "the pages",
  "test/ops.test.ts": "the files of ops/ and what they build",
  "test/cli/main.test.ts": "the built program, as a process",
  "test/cli/expected_failures.test.ts": "files, disks and descriptors that fail, in every command",
  "test/cli/hostile_text.test.ts": "text that a terminal would obey, in every command",
  "test/cli/planted_secrets.test.ts": "secrets in all that clients send, at every level of the log",
  "test/cli/odd_lines.test.ts": "the odd lines, in every command and in a service that starts",
  "test/cli/zstd_segments.test.ts":
    "segments in zstd, in every command and in a service that starts, on a Node with or without it",
  "test/record/golden.test.ts": "the golden cases through record/",
  "test/record/properties.test.ts": "arbitrary records through record/",
  "test/rpc/golden.test.ts": "the golden cases through the service",
  "test/rpc/security/bad_files.test.ts": "files of [tls] and [auth] that cannot be used, at start and at a reload",
  "test/rpc/requests.test.ts": "arbitrary and malformed requests through the service",
  "test/journal/crash_campaign.test.ts": "the journal on a disk that fails at every operation, in a short form",
  "test/journal/shortage.test.ts": "the journal short of descriptors or memory, at every operation and for a time",
  "test/journal/rooms.test.ts": "which folder of journal/ imports which",
  "test/view/app/bundle.test.ts": "the page and the report's renderer as Vite builds them",
  "test/query/queries.test.ts": "the questions in queries/",
  "clients/typescript/test/session_cases.test.ts": "the cases of sessions that all clients share",
};

const FOLDER_FILES_MAX = 20;
const LINES_MAX = 250;
/** Longer files, and why they are not two. */
const LONG = {
  "test/view/index.test.ts": "one server, all of its routes",
  "src/view/api.ts": "one agreement: what each route answers",
  "src/config/settings.ts": "one table: every key of the configuration",
  "src/journal/active/store.ts": "one writer's state: the file, the lock and the next sequence change together",
  "src/journal/journal.ts": "one state machine: state, queue, chain and timers change together",
  "test/journal/journal.test.ts": "one journal, one way to set it up",
  "test/journal/disk/node_disk.test.ts": "one port, all of its operations",
  "test/support/crash_campaign.ts": "one campaign: what is done, and what must hold afterwards",
  "test/metrics/metrics.test.ts": "one service, one event after the other",
  "test/rpc/tail/tail.test.ts": "one RPC, one way to call it",
  "test/cli/commands/query.test.ts": "one command, one way to run it",
  "test/query/queries.test.ts": "one question after the other, over the same rows",
  "test/query/read_journal.test.ts": "one reader, one way to set up its files",
  "test/support/docs.ts": "one way to run what a page shows",
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
const written = new Map([...texts].filter(([path]) => /\.(tsx?|mjs|css)$/.test(path) && !path.includes("/src/gen/")));
const problems = (files: Map<string, string>, rule: (path: string, text: string) => readonly string[]) =>
  [...files].flatMap(([path, text]) => rule(path, text));

describe("the repository", () => {
  test("has the files that these tests look for", () => {
    expect(written.size).toBeGreaterThan(200);
    expect(texts.has("src/main.ts") && texts.has("package-lock.json") && texts.has(".ci/run")).toBe(true);
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

  test.each(golden)("has the golden file %s as test/golden/README.md has its digest", (file) => {
    const digest = createHash("sha256")
      .update(texts.get(`test/golden/${file}`) ?? "")
      .digest("hex");
    expect(texts.get("test/golden/README.md")).toContain(`${digest}  ${file}`);
  });

  test("names its program as npx --no sessionlog, and its packages by their own names", () => {
    expect(problems(texts, nameProblems)).toEqual([]);
  });

  test("has no folder that is too full", () => {
    expect(folderProblems([...written.keys()], FOLDER_FILES_MAX)).toEqual([]);
  });

  test("has a README that is read in five minutes", () => {
    expect((texts.get("README.md") ?? "").split("\n").length - 1).toBeLessThanOrEqual(120);
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
    "g/src/h.ts",
    "g/test/h.test.ts",
    "g/test/i.test.ts",
  ];
  expect(twinProblems(files, { "test/a/d.test.ts": "all" })).toEqual([
    "test/a/c.test.ts: there is no src/a/c.ts and no a/c.mjs",
    "g/test/i.test.ts: there is no g/src/i.ts",
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
    // In parts, since this file is looked at by others, too.
    [["a", "work", "b"].join("/")],
    ["the network/root of it"],
    ["/home/me/x"],
    ["https://example.org/"],
    ["/var/lib/sessionlog"],
  ])("passes %s", (text) => {
    expect(originProblems("a.md", text)).toEqual([]);
  });
});

test("lockProblems finds where packages come from", () => {
  expect(lockProblems("l", '{"resolved": "https://x"}')).toEqual(['l: has "resolved"']);
  expect(lockProblems("l", '{"resolved": "protocol", "link": true}')).toEqual([]);
  expect(lockProblems("l", '{"version": "1.0.0"}')).toEqual([]);
});

test("folderProblems finds folders with too many files", () => {
  expect(folderProblems(["a/b.ts", "a/c.ts", "a/d/e.ts", "f.ts"], 1)).toEqual(["a: 2 files"]);
});

describe("nameProblems", () => {
  test.each([
    ["run npx", " sessionlog verify"],
    ['from "sessionlog', '/client"'],
    ["pip install", " sessionlog"],
    ["import", " sessionlog"],
  ])("finds %s%s", (before, after) => {
    expect(nameProblems("a.md", before + after)).toHaveLength(1);
  });

  test.each([
    "npx --no sessionlog verify",
    'from "@sessionlog/client"',
    "pip install sessionlog-client",
    "import sessionlog_client",
  ])("passes %s", (text) => {
    expect(nameProblems("a.md", text)).toEqual([]);
  });
});
