// The programs of README.md and docs/CLIENTS.md: under each heading some files, ```go main.go, and the commands that run them, ```sh, in an
// empty directory. Each is to have one row stored.
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { findTool } from "../harness/tools.mjs";
import { protocDirectory } from "./protoc.mjs";
import { run } from "./stubs.mjs";

const pages = ["README.md", "docs/CLIENTS.md"];
const root = new URL("..", import.meta.url).pathname;

/** Headings whose programs take their time, and the suite that runs them. This one runs the others. */
const LONG = new Map([
  ["Stubs in Rust", "rust"],
  ["Stubs in Java", "java"],
]);

/**
 * The suite that runs the programs under a heading. test/docs.test.ts sees to it that each does.
 * @param {string} heading
 */
export const suiteOf = (heading) => LONG.get(heading) ?? "clients-page";

/** @type {import("./run.mjs").Suite} */
export const clientsPage = {
  name: "clients-page",
  missing() {
    const missing = ["go", "python3", "npm"].filter((tool) => findTool(tool) === undefined);
    return missing.length === 0 ? undefined : `not here: ${missing.join(", ")}`;
  },
  run: (server) => runPrograms("clients-page", server),
};

/**
 * @typedef {object} Block
 * @property {string} page
 * @property {string} heading  what it stands under
 * @property {string} language
 * @property {string} file  where it belongs; empty for commands
 * @property {number} line  of its opening backquotes, from 1
 * @property {string} text
 */

/** All that conformance runs of the pages: files, and the commands under the same headings. */
export const programs = pages.flatMap(readPrograms);

/** @param {string} page */
function readPrograms(page) {
  const blocks = readBlocks(page, readFileSync(join(root, page), "utf8"));
  const headings = new Set(blocks.filter(({ file }) => file !== "").map(({ heading }) => heading));
  return blocks.filter(({ heading, file, language }) => headings.has(heading) && (file !== "" || language === "sh"));
}

/**
 * @param {string} page  its name
 * @param {string} markdown
 * @returns {readonly Block[]}
 */
function readBlocks(page, markdown) {
  /** @type {Block[]} */
  const blocks = [];
  let heading = "";
  /** @type {Block | undefined} */
  let open;
  for (const [index, line] of markdown.split("\n").entries()) {
    if (open === undefined) {
      heading = /^#+ (.*)/.exec(line)?.[1] ?? heading;
      const [, language, file = ""] = /^```(\w+)(?: (\S+))?$/.exec(line) ?? [];
      if (language !== undefined) open = { page, heading, language, file, line: index + 1, text: "" };
    } else if (line === "```") {
      blocks.push(open);
      open = undefined;
    } else open.text += `${line}\n`;
  }
  return blocks;
}

/**
 * Runs the programs that are a suite's.
 * @param {string} suite
 * @param {import("../harness/server.mjs").Server} server
 * @param {Record<string, string>} [env]  further variables
 */
export async function* runPrograms(suite, server, env = {}) {
  const own = programs.filter(({ heading }) => suiteOf(heading) === suite);
  if (own.length === 0) yield { name: pages.join(", "), problem: "have no program that is this suite's" };
  for (const name of new Set(own.map(nameOf))) {
    yield await runsAsShown(
      name,
      own.filter((block) => nameOf(block) === name),
      server,
      env,
    );
  }
}

const nameOf = ({ page, heading }) => `${page}: ${heading}`;

/**
 * @param {string} name
 * @param {readonly Block[]} blocks  of one heading
 * @param {import("../harness/server.mjs").Server} server
 * @param {Record<string, string>} env  further variables
 * @returns {Promise<import("./run.mjs").Outcome>}
 */
async function runsAsShown(name, blocks, { address, path }, env) {
  const before = readFileSync(path).length;
  const problem = await inTemporaryDirectory(async (directory) => {
    const commands = ["set -e"];
    for (const { file, text } of blocks) {
      const here = text
        .replaceAll("127.0.0.1:50051", address)
        .replaceAll(/(~|\$HOME)\/sessionlog\b/g, root.slice(0, -1));
      if (file === "") commands.push(here);
      else {
        await mkdir(dirname(join(directory, file)), { recursive: true });
        await writeFile(join(directory, file), here);
      }
    }
    const search = [join(root, ".tools/bin"), await protocDirectory(), process.env.PATH];
    const variables = { GOBIN: join(root, ".tools/bin"), PATH: search.join(delimiter), ...env };
    const { code, output, errors } = await run("bash", ["-c", commands.join("\n")], { cwd: directory, env: variables });
    return code === 0 ? undefined : `exit ${code}\n${output}${errors}`;
  });
  const written = readFileSync(path).subarray(before).toString();
  const stored = /^\{[^\n]*"daemon":"first-[a-z-]+"[^\n]*\}\n$/.test(written);
  return { name, problem: problem ?? (stored ? undefined : `it stored ${written === "" ? "nothing" : written}`) };
}
