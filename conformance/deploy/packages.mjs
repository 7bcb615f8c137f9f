// What npm would publish, its bill of materials, and the service installed without its optional dependencies.
import { existsSync, readFileSync } from "node:fs";
import { cp, lstat, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { startProgram } from "../../harness/server.mjs";
import { findTool } from "../../harness/tools.mjs";
import { expectDone, makeEnvironment } from "../python/environment.mjs";
import { run } from "../stubs.mjs";

export const root = new URL("../..", import.meta.url).pathname;
const SERVICE = "@sessionlog/service";
const SERVE_BYTES_MAX = 35 * 1000 * 1000;
const VALIDATOR = ["cyclonedx-python-lib[json-validation]==11.12.0"];

/** What is in a package besides what is built from its sources, by name. */
const FILES = {
  [SERVICE]:
    /^(docs\/([A-Z_]+\.md|pictures\/[a-z]+\.png)|ops\/.+|proto\/.+\.proto|queries\/.+\.sql|schema\/.+\.json|CHANGELOG\.md)$/,
  "@sessionlog/protocol": /^dist\/commonjs\/package\.json$/,
  "@sessionlog/client": /^dist\/commonjs\/package\.json$/,
};
const EVERYWHERE = /^(package\.json|README\.md|LICENSE)$/;
const REQUIRED = ["dist/main.js", "docs/OPERATIONS.md", "proto/sessionlog/v1/session_log.proto", "queries/views.sql"];
/** The browser's part of the viewer is built by a bundler. */
const BUNDLED = /^dist\/view\/(.+\/)?[^/]+\.(html|css|js|json|svg|woff2)$/;

/** @type {import("../run.mjs").Suite} */
export const packages = {
  name: "packages",
  missing: () => (findTool("python3") === undefined ? "python3 is not here" : undefined),
  async *run({ path }) {
    const directory = dirname(path);
    yield* packed(directory);
    yield { name: "the bill of materials is CycloneDX, of what is installed", problem: await sbomProblem(directory) };
    yield* withoutOptional(join(directory, "app"));
  },
};

async function* packed(directory) {
  const words = ["pack", "--prefix", root, "--workspaces", "--include-workspace-root", "--ignore-scripts", "--json"];
  const found = JSON.parse(await expectDone("npm", [...words, "--pack-destination", directory], directory));
  for (const { name, files } of Object.values(found)) {
    yield { name: `${name} holds what it needs and nothing else`, problem: contentProblem(name, files) };
    const manifest = JSON.parse(readFileSync(join(root, folderOf(name), "package.json"), "utf8"));
    const { license, publishConfig, repository, engines } = manifest;
    const said = [license, publishConfig?.provenance, publishConfig?.access, repository?.type, engines?.node];
    const problem = said.join() === "Apache-2.0,true,public,git,>=20.19" ? undefined : said.join();
    yield { name: `${name} says how it is published`, problem };
  }
}

const folderOf = (name) =>
  ({ [SERVICE]: ".", "@sessionlog/protocol": "protocol", "@sessionlog/client": "clients/typescript" })[name];

function contentProblem(name, files) {
  const paths = files.map(({ path }) => path);
  const surplus = paths.filter((path) => !EVERYWHERE.test(path) && !FILES[name].test(path) && !isBuilt(name, path));
  const required = ["README.md", "LICENSE", ...(name === SERVICE ? REQUIRED : ["dist/commonjs/package.json"])];
  const missing = required.filter((path) => !paths.includes(path));
  if (surplus.length + missing.length === 0) return undefined;
  return `too much: ${surplus.join(", ")}\nmissing: ${missing.join(", ")}`;
}

/** Built from a source that is there: not a test, and not left from a source that has gone. Only libraries have types. */
function isBuilt(name, path) {
  const [, source, ending] = /^dist\/(?:commonjs\/)?(.+?)(\.d\.ts|\.js)$/.exec(path) ?? [];
  if (name === SERVICE && (ending === ".d.ts" || BUNDLED.test(path))) return ending !== ".d.ts";
  return existsSync(join(root, folderOf(name), "src", `${source}.ts`));
}

const VALIDATE = `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
problem = JsonStrictValidator(SchemaVersion.V1_5).validate_str(open(sys.argv[1]).read())
sys.exit(0 if problem is None else str(problem))
`;

/** Validated by CycloneDX' own library; its packages are those of the lock file that \`--omit=dev\` installs. */
async function sbomProblem(directory) {
  const text = await expectDone("npm", ["run", "--silent", "sbom"], root);
  const python = await makeEnvironment(join(root, ".tools/cyclonedx"), VALIDATOR.join(), VALIDATOR);
  const file = join(directory, "sbom.json");
  await writeFile(file, text);
  const { code, errors } = await run(python, ["-c", VALIDATE, file], { cwd: directory });
  if (code !== 0) return errors;
  const { components } = JSON.parse(text);
  const got = components.map((component) => component["bom-ref"]);
  const { packages: locked } = JSON.parse(readFileSync(`${root}package-lock.json`, "utf8"));
  const wanted = Object.entries(locked)
    .filter(([path, { dev }]) => path.includes("node_modules/") && dev !== true && existsSync(root + path))
    .map(([path, { resolved, version }]) => {
      const name = path.replace(/^.*node_modules\//, "");
      return `${name}@${version ?? locked[resolved].version}`;
    });
  const missing = wanted.filter((ref) => !got.includes(ref));
  const surplus = got.filter((ref) => !wanted.includes(ref));
  return missing.length + surplus.length === 0 ? undefined : `missing: ${missing}\ntoo much: ${surplus}`;
}

/** As the image has it: the manifests, `npm ci` without what is optional, and what is built. */
async function* withoutOptional(app) {
  const folders = [".", "protocol", "clients/typescript"];
  for (const folder of folders) {
    await mkdir(join(app, folder), { recursive: true });
    await cp(join(root, folder, "package.json"), join(app, folder, "package.json"));
  }
  await cp(join(root, "package-lock.json"), join(app, "package-lock.json"));
  const omit = ["--omit=dev", "--omit=optional", "--ignore-scripts", "--prefer-offline"];
  await expectDone("npm", ["ci", ...omit], app);
  for (const folder of folders) await cp(join(root, folder, "dist"), join(app, folder, "dist"), { recursive: true });
  for (const folder of ["proto", "queries", "schema"])
    await cp(join(root, folder), join(app, folder), { recursive: true });

  const bytes = await bytesOf(join(app, "node_modules"));
  const size = `${(bytes / 1e6).toFixed(1)} MB of node_modules`;
  yield { name: "what `serve` needs is below 35 MB", problem: bytes < SERVE_BYTES_MAX ? undefined : size };
  yield { name: "a service without them takes a row", problem: await serveProblem(app) };

  const lacking =
    "sessionlog: this needs DuckDB, which was left out when sessionlog was installed: npm install @duckdb/node-api@";
  const roster = `${root}examples/roster.csv`;
  const log = await compactedLog(app);
  const questions = [
    ["query", "outcomes"],
    ["show", "x"],
    ["alarm"],
    ["audit", "--roster", roster],
    ["compact"],
    ["view"],
    ["report", "--html", "report.html"],
    ["verify", "--deep", log],
  ];
  for (const words of questions) {
    const { code, output, errors } = await sessionlog(app, words);
    const said = output === "" && errors.startsWith(lacking) && errors.trimEnd().split("\n").length === 1;
    const problem = code === 2 && said ? undefined : `exit ${code}\n${output}${errors}`;
    yield { name: `${words[0]} without them says what to install`, problem };
  }
  const { code, output } = await sessionlog(app, ["query", "--list"]);
  yield { name: "query --list needs none of them", problem: code === 0 && output !== "" ? undefined : `exit ${code}` };
}

/** A log with a Parquet copy, made with DuckDB. */
async function compactedLog(app) {
  const log = join(app, "compacted");
  const rows = `${root}examples/sessions.jsonl`;
  const main = `${root}dist/main.js`;
  const path = ["--path", `${log}/sessions.jsonl`];
  await expectDone(process.execPath, [main, "import", ...path, "--rotation-max-bytes", "1MiB", rows], app);
  await expectDone(process.execPath, [main, "compact", ...path, "--force"], app);
  return log;
}

const sessionlog = (app, words) => run(process.execPath, [join(app, "dist/main.js"), ...words], { cwd: app });

async function serveProblem(app) {
  const line = [process.execPath, join(app, "dist/main.js"), "serve", "--listen", "127.0.0.1:0"];
  const server = await startProgram(line, { cwd: app });
  const { code, output, errors } = await sessionlog(app, [
    "append",
    "--address",
    server.address,
    `${root}examples/sessions.jsonl`,
  ]);
  const stopped = await server.stop();
  if (code === 0 && output.startsWith("appended 2000,") && stopped === 0) return undefined;
  return `append: exit ${code}\n${output}${errors}\nserve: exit ${stopped}\n${server.stderr()}`;
}

/** Bytes of all files below a directory, links not followed. */
async function bytesOf(directory) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (file) => (await lstat(join(file.parentPath, file.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
