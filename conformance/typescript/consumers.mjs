// The client in the projects that daemons are: CommonJS and ES modules, by the compilers, bundlers and test runners that people
// use, with the files that its README shows. Their packages are those of consumers/package-lock.json.
import { equal, ok } from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inTemporaryDirectory } from "../../harness/temporary.mjs";
import { findTool } from "../../harness/tools.mjs";
import { run } from "../stubs.mjs";
import { packClient } from "./pack.mjs";

const root = new URL("../..", import.meta.url).pathname;
const own = new URL("consumers/", import.meta.url).pathname;

/** The files of the README by name. */
const readme = readFileSync(join(root, "clients/typescript/README.md"), "utf8");
const shown = new Map([...readme.matchAll(/^```ts (\S+)\n(.*?)^```$/gms)].map(([, file, text]) => [file, text]));

const HANDLER_LINES_MAX = 8;
const STRICT = { target: "es2022", strict: true, skipLibCheck: false, types: ["node", "jest"], outDir: "out" };
/** What `nest new` writes: of Nest 10, and of Nest 11. */
const NEST = {
  declaration: true,
  removeComments: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  allowSyntheticDefaultImports: true,
  skipLibCheck: true,
  sourceMap: true,
};
const NEST_10 = { ...NEST, module: "commonjs", target: "ES2021", baseUrl: "./" };
const NEST_11 = {
  ...NEST,
  module: "nodenext",
  moduleResolution: "nodenext",
  resolvePackageJsonExports: true,
  esModuleInterop: true,
  isolatedModules: true,
  target: "ES2023",
  strictNullChecks: true,
};
const JEST = { jest: { preset: "ts-jest", testEnvironment: "node", testRegex: "\\.test\\.ts$" } };
const HANDLER = ["handler.ts", "model.ts"];
const TEST = [...HANDLER, "handler.test.ts"];
const DAEMON = [...HANDLER, "daemon.ts"];

/** @type {import("../run.mjs").Suite} */
export const typescriptConsumers = {
  name: "typescript-consumers",
  missing: () => (findTool("npm") === undefined ? "not here: npm" : undefined),
  async *run({ address, path }) {
    yield await outcome("the handler of the README has at most 8 lines", checkHandler);
    const cases = [];
    const problem = await inTemporaryDirectory(async (directory) => {
      const inside = (words, folder = directory) => runIn(folder, words, address);
      try {
        cpSync(own, directory, { recursive: true });
        const packed = await packClient(directory);
        await inside(["npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"]);
        const archives = packed.map(({ filename }) => `./${filename}`);
        await inside(["npm", "install", "--prefer-offline", "--no-save", "--no-audit", "--no-fund", ...archives]);
      } catch (error) {
        return error.message;
      }
      for (const [name, work] of Object.entries(consumers)) {
        const project = (files, manifest, compilerOptions) =>
          writeProject(join(directory, name.replaceAll(/\W+/g, "-")), files, manifest, compilerOptions);
        cases.push(await outcome(name, () => work({ project, run: inside, rows: () => rowsOf(path) })));
      }
      return undefined;
    });
    yield { name: "the packages are installed", problem };
    yield* cases;
  },
};

async function outcome(name, work) {
  try {
    await work();
    return { name, problem: undefined };
  } catch (error) {
    return { name, problem: error.message };
  }
}

function checkHandler() {
  const [handler] = /^export const fill .*^ {2}\}\);$/ms.exec(shown.get("handler.ts") ?? "") ?? [""];
  const lines = handler.split("\n").length;
  ok(handler !== "" && lines <= HANDLER_LINES_MAX, `it has ${lines}`);
}

async function runIn(cwd, [program, ...words], address) {
  const env = { SESSIONLOG_ADDRESS: address, CI: "true" };
  const { code, output, errors } = await run(program, words, { cwd, env });
  if (code !== 0) throw new Error(`${program} ${words.join(" ")}: exit ${code}\n${output}${errors}`);
}

const rowsOf = (path) => readFileSync(path, "utf8").split("\n").length - 1;

/** Writes a project's files: those of the README, else of consumers/. CommonJS sources name files without `.js`. */
function writeProject(directory, files, manifest, compilerOptions) {
  mkdirSync(directory);
  for (const file of files) {
    const text = shown.get(file) ?? readFileSync(join(own, file), "utf8");
    const target = join(directory, file.replace(/^.*\//, ""));
    const commonjs = manifest.type !== "module";
    writeFileSync(target, commonjs ? text.replaceAll(/(from "\.\/[\w.-]+)\.js"/g, '$1"') : text);
  }
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "consumer", private: true, ...manifest }));
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  return directory;
}

/** Runs a program that stores one row. */
const storesOne = async ({ run, rows }, words, directory) => {
  const before = rows();
  await run(words, directory);
  equal(rows(), before + 1);
};

const REQUIRE = `
const { createSessionLoggerFromEnv } = require("@sessionlog/client");
const log = createSessionLoggerFromEnv();
log.append({ kind: "fill", final_verdict: "infra_error" });
log.close().then((whole) => process.exit(whole ? 0 : 1));
`;

const jest = (files, compilerOptions) => async (context) => {
  const directory = context.project(files, JEST, compilerOptions);
  // What Jest prints stays out of the way; a failure is its exit code.
  await context.run(["node", join(dirname(directory), "node_modules/jest/bin/jest.js"), "--ci"], directory);
};

const bundled = (format, further) => async (context) => {
  const directory = context.project(DAEMON, { type: "module" }, {});
  const file = format === "cjs" ? "bundle.cjs" : "bundle.mjs";
  const words = ["--bundle", "--platform=node", `--format=${format}`, `--outfile=${file}`, ...further];
  await context.run(
    ["node", join(dirname(directory), "node_modules/esbuild/bin/esbuild"), "daemon.ts", ...words],
    directory,
  );
  await storesOne(context, ["node", file], directory);
};

const consumers = {
  "require() in CommonJS": async (context) => {
    await storesOne(context, ["node", "-e", REQUIRE], context.project([], {}, {}));
  },
  "tsc with moduleResolution node, CommonJS": async (context) => {
    const options = { ...STRICT, module: "commonjs", moduleResolution: "node" };
    const directory = context.project([...DAEMON, "metrics.ts"], {}, options);
    await context.run(["npx", "--no", "tsc"], directory);
    await storesOne(context, ["node", "out/daemon.js"], directory);
  },
  "tsc with nodenext, ES modules": async (context) => {
    const directory = context.project([...DAEMON, "metrics.ts"], { type: "module" }, { ...STRICT, module: "nodenext" });
    await context.run(["npx", "--no", "tsc"], directory);
    await storesOne(context, ["node", "out/daemon.js"], directory);
  },
  "tsc with moduleResolution bundler": async (context) => {
    const options = { ...STRICT, module: "esnext", moduleResolution: "bundler", noEmit: true };
    await context.run(
      ["npx", "--no", "tsc"],
      context.project([...TEST, ...DAEMON.slice(2)], { type: "module" }, options),
    );
  },
  "Jest 29 and ts-jest, CommonJS, moduleResolution node": jest(TEST, {
    ...STRICT,
    module: "commonjs",
    moduleResolution: "node",
    esModuleInterop: true,
  }),
  "Nest under Jest, as nest new of version 10 has it": jest(
    [...HANDLER, "session-log.module.ts", "nest/app.test.ts"],
    NEST_10,
  ),
  "Nest under Jest, as nest new of version 11 has it": jest(
    [...HANDLER, "session-log.module.ts", "nest/app.test.ts"],
    NEST_11,
  ),
  Vitest: async (context) => {
    const directory = context.project([...TEST, "using.test.ts"], { type: "module" }, {});
    await context.run(["npx", "--no", "vitest", "run", "--globals", "--root", "."], directory);
  },
  "esbuild, CommonJS": bundled("cjs", []),
  "esbuild, ES modules with grpc-js external": bundled("esm", ["--external:@grpc/grpc-js"]),
  "the trace id of Langfuse": async (context) => {
    await context.run(["node", "langfuse.mjs"]);
  },
};
