// @sessionlog/client: the golden cases, what a daemon meets in the life of a service, and the package in an empty project.
import { execFile } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { createSessionLogger } from "@sessionlog/client";
import { SessionRecord } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { recordJsonToBytes } from "../dist/record/index.js";
import { startService } from "../harness/server.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { goldenCases, violationsText } from "./golden.mjs";
import { behaviours } from "./typescript/behaviours.mjs";
import { credentialBehaviours } from "./typescript/credentials.mjs";
import { packClient } from "./typescript/pack.mjs";

const root = new URL("..", import.meta.url).pathname;
const promisedExecFile = promisify(execFile);
const quiet = { info() {}, warn() {} };

/** @type {import("./run.mjs").Suite} */
export const typescript = {
  name: "typescript",
  missing: () => undefined,
  async *run({ address, path }) {
    yield* runGolden(waited, "record", address, path);
    // Of a service of its own, as the first one would know the rows again.
    const server = await startService(`${dirname(path)}/batch.jsonl`);
    try {
      yield* runGolden(buffered, "batch", server.address, server.path);
    } finally {
      await server.stop();
    }
    for (const [name, behaviour] of Object.entries({ ...behaviours, ...credentialBehaviours }))
      yield { name, problem: await problemOf(behaviour) };
    const install = () => inTemporaryDirectory((project) => installPackage(project, address, path));
    yield { name: "the package works in an empty project", problem: await problemOf(install) };
  },
};

async function problemOf(work) {
  try {
    await work();
    return undefined;
  } catch (error) {
    return `${error.stack}\n${error.stderr ?? ""}`;
  }
}

async function* runGolden(send, message, address, path) {
  // A golden record without a daemon is to arrive without one.
  const log = createSessionLogger(address, { daemon: "", log: quiet });
  for (const golden of goldenCases()) {
    const before = statSync(path).size;
    const problem = await problemOf(async () => {
      const expected = golden.row === undefined ? violationsText(golden.violations) : "";
      const got = await send(log, recordOf(golden.send), expected);
      if (got !== expected) throw new Error(`got\n${got}\nexpected\n${expected}`);
      const written = readFrom(path, before);
      const row = golden.row === undefined ? "" : `${golden.row}\n`;
      if (written !== row) throw new Error(`wrote ${written.slice(0, 600)}\nexpected ${row.slice(0, 600)}`);
    });
    yield { name: `${message}: ${golden.name}`, problem };
  }
  await log.close();
}

/** A golden record as a daemon would have it: a time and integers in place of their texts. */
function recordOf(json) {
  const { timestamp, duration_ms, ...record } = JSON.parse(json);
  const { bytes } = recordJsonToBytes(JSON.stringify({ timestamp }));
  const time = SessionRecord.decode(bytes).timestamp;
  return {
    ...record,
    timestamp: time,
    duration_ms: typeof duration_ms === "string" ? BigInt(duration_ms) : duration_ms,
  };
}

/** The answer waited for. @returns {Promise<string>} the violations */
async function waited(log, record) {
  const outcome = await log.appendAndWait(record);
  if (outcome.ok) return "";
  return outcome.kind === "refused" ? violationsText(outcome.violations) : `${outcome.code}: ${outcome.message}`;
}

/** Through the buffer, which counts refusals: those expected, when there was one. */
async function buffered(log, record, expected) {
  const before = log.stats().refused;
  log.append(record);
  if (!(await log.flush())) return "not flushed";
  return log.stats().refused > before ? expected || "refused" : "";
}

function readFrom(path, offset) {
  const bytes = Buffer.alloc(statSync(path).size - offset);
  const descriptor = openSync(path);
  readSync(descriptor, bytes, 0, bytes.length, offset);
  closeSync(descriptor);
  return bytes.toString();
}

const DAEMON = `
import { buildSessionRecord, createSessionLogger, type SessionLogger } from "@sessionlog/client";

const log: SessionLogger = createSessionLogger(process.argv[2], { daemon: "packed" });
log.append(buildSessionRecord({ kind: "fill", prompt: "p", trace_id: "packed-1" }, { error: new Error("down") }));
const outcome = await log.appendAndWait({ kind: "fill", final_verdict: "accepted", session_id: "packed-2" });
if (!outcome.ok) throw new Error(outcome.message);
// Not closed: the end of the program does it.
`;

/** What the service needs and a daemon must not install. */
const SERVICE_ONLY = [
  "@duckdb",
  "ajv",
  "commander",
  "fs-native-extensions",
  "pino",
  "smol-toml",
  "grpc-health-check",
  "@grpc/reflection",
];
const INSTALLED_BYTES_MAX = 20 * 1024 * 1024;

/**
 * Packs protocol/ and the client, installs them into an empty project, and runs a daemon there that is type-checked and
 * appends two rows. Nothing of the repository but TypeScript is used there.
 */
async function installPackage(project, address, path) {
  const run = (program, args) => promisedExecFile(program, args, { cwd: project, maxBuffer: 16 * 1024 * 1024 });
  const packed = await packClient(project);
  for (const { name, files } of packed) checkContents(name, files);
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "daemon", private: true, type: "module" }));
  const archives = packed.map(({ filename }) => `./${filename}`);
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...archives]);
  checkInstalled(join(project, "node_modules"));
  await writeFile(join(project, "daemon.ts"), DAEMON);
  const types = ["--typeRoots", `${root}node_modules/@types`, "--types", "node"];
  const flags = ["--module", "nodenext", "--target", "es2023", "--strict", "--exactOptionalPropertyTypes", ...types];
  await run(process.execPath, [`${root}node_modules/typescript/bin/tsc`, ...flags, "daemon.ts"]);
  await run(process.execPath, ["daemon.js", address]);
  for (const id of ["packed-1", "packed-2"]) {
    if (!readFileSync(path, "utf8").includes(`"session_id":"${id}"`)) throw new Error(`no row ${id}`);
  }
}

/** A package holds what is built, its README, license and package.json, and nothing else. */
function checkContents(name, files) {
  const paths = files.map(({ path }) => path);
  const surplus = paths.filter(
    (path) => !/^(package\.json|README\.md|LICENSE|dist\/commonjs\/package\.json|dist\/.+\.(js|d\.ts))$/.test(path),
  );
  if (surplus.length > 0) throw new Error(`${name} packs ${surplus.join(", ")}`);
  if (!paths.includes("README.md") || paths.length < 10) throw new Error(`${name} packs only ${paths.join(", ")}`);
}

/** What is installed is the client, protocol/, gRPC and protobuf: none of the service, at most 20 MiB. */
function checkInstalled(modules) {
  const files = readdirSync(modules, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => relative(modules, join(entry.parentPath, entry.name)));
  const surplus = SERVICE_ONLY.filter((name) =>
    paths.some((path) => path.split(`${sep}node_modules${sep}`).some((part) => part.startsWith(name))),
  );
  if (surplus.length > 0) throw new Error(`the client installs ${surplus.join(", ")}`);
  const native = paths.filter((path) => path.endsWith(".node"));
  if (native.length > 0) throw new Error(`the client installs native code: ${native.join(", ")}`);
  const bytes = files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  if (bytes > INSTALLED_BYTES_MAX) throw new Error(`the client takes ${(bytes / 2 ** 20).toFixed(1)} MiB`);
}
