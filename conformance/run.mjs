// `npm run test:conformance`: the golden cases through the clients of the world, each against the real service.
// `-- NAME…` runs only those suites, `-- --all` also those that take their time. A suite without its toolchain is skipped by
// name, and with CI=true that is a failure.
import { startService } from "../harness/server.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { clientsPage } from "./clients-page.mjs";
import { image } from "./deploy/image.mjs";
import { kubernetes } from "./deploy/kubernetes.mjs";
import { packages } from "./deploy/packages.mjs";
import { systemd } from "./deploy/systemd.mjs";
import { goClient } from "./go.mjs";
import { grpcurl } from "./grpcurl.mjs";
import { java } from "./java.mjs";
import { pages } from "./pages.mjs";
import { prometheus } from "./prometheus.mjs";
import { python } from "./python.mjs";
import { pythonDuckdb } from "./python-duckdb.mjs";
import { rust } from "./rust.mjs";
import { typescriptConsumers } from "./typescript/consumers.mjs";
import { typescript } from "./typescript.mjs";

/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {boolean} [long]  run only when named, or with --all
 * @property {() => string | undefined} missing  what there is not on this machine that the suite needs
 * @property {(server: import("../harness/server.mjs").Server) => AsyncIterable<Outcome>} run  against a service of its own
 *
 * @typedef {object} Outcome
 * @property {string} name
 * @property {string | undefined} problem  undefined: passed
 */

/** @type {readonly Suite[]} */
const suites = [
  grpcurl,
  pages,
  prometheus,
  goClient,
  python,
  pythonDuckdb,
  typescript,
  typescriptConsumers,
  clientsPage,
  rust,
  java,
  packages,
  systemd,
  image,
  kubernetes,
];

const words = process.argv.slice(2);
const all = words.includes("--all");
const names = words.filter((word) => word !== "--all");
const unknown = names.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`no suite ${unknown.join(", ")}; there are: ${suites.map((suite) => suite.name).join(", ")}`);
  process.exit(2);
}

const counts = { passed: 0, failed: 0, skipped: 0 };

function tell({ name, problem }) {
  counts[problem === undefined ? "passed" : "failed"] += 1;
  if (problem !== undefined) console.log(`FAIL ${name}\n     ${problem.trim().replaceAll("\n", "\n     ")}`);
}

for (const suite of suites.filter(({ name }) => names.length === 0 || names.includes(name))) {
  if (suite.long === true && !all && names.length === 0) {
    console.log(`left out ${suite.name}: it is run with \`-- --all\``);
    continue;
  }
  const missing = suite.missing();
  if (missing !== undefined) {
    if (process.env.CI === "true") tell({ name: suite.name, problem: missing });
    else {
      counts.skipped += 1;
      console.log(`skipped ${suite.name}: ${missing}`);
    }
    continue;
  }
  const before = counts.passed + counts.failed;
  await inTemporaryDirectory(async (directory) => {
    const server = await startService(`${directory}/sessions.jsonl`);
    try {
      for await (const { name, problem } of suite.run(server)) tell({ name: `${suite.name}: ${name}`, problem });
    } finally {
      const code = await server.stop();
      tell({
        name: `${suite.name}: the service ends with 0`,
        problem: code === 0 ? undefined : `${code}\n${server.stderr()}`,
      });
    }
  });
  console.log(`${suite.name}: ${counts.passed + counts.failed - before} cases`);
}

console.log(`conformance: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 ? 0 : 1;
