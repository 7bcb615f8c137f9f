// Runs the campaigns of a suite, one after the other: one line of figures for each, and how many kept what they promise.
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { createRandom } from "../examples/generator/random.mjs";
import { atExit } from "./cleanup.mjs";
import { Skip } from "./outcome.mjs";
import { inTemporaryDirectory } from "./temporary.mjs";

const PROBLEMS_SHOWN = 8;
const PROBLEM_LENGTH = 1_000;

/**
 * Runs what the command line names, or all. Ends the process, with 1 when a promise was not kept.
 * @param {string} suite
 * @param {readonly import("./outcome.mjs").Campaign[]} campaigns
 */
export async function runCampaigns(suite, campaigns) {
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  const { names, long, seed } = readArguments(suite, campaigns);
  const chosen = campaigns.filter(({ name, long_only }) =>
    names.length > 0 ? names.includes(name) : long || !long_only,
  );
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const campaign of chosen) counts[await carryOut(campaign, long, seed)] += 1;
  console.log(`${suite}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exit(counts.failed > 0 ? 1 : 0);
}

/** @returns {Promise<"passed" | "failed" | "skipped">} */
async function carryOut({ name, may_skip = false, run }, long, seed) {
  const begun = performance.now();
  try {
    const { figures, broken } = await inTemporaryDirectory(async (directory) => {
      const settled = atExit(() => rmSync(directory, { recursive: true, force: true }));
      const outcome = await run({ long, seed, random: createRandom(seed), directory });
      settled();
      return outcome;
    });
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    const shown = Object.entries(figures).map(([what, figure]) => `${what} ${printed(figure)}`);
    console.log(`${broken.length === 0 ? "ok  " : "FAIL"} ${name}: ${shown.join(", ")} (seed ${seed}, ${seconds} s)`);
    for (const problem of broken.slice(0, PROBLEMS_SHOWN)) {
      console.log(`     ${problem.slice(0, PROBLEM_LENGTH).replaceAll("\n", "\n     ")}`);
    }
    if (broken.length > PROBLEMS_SHOWN) console.log(`     and ${broken.length - PROBLEMS_SHOWN} more`);
    return broken.length === 0 ? "passed" : "failed";
  } catch (error) {
    if (error instanceof Skip && (may_skip || process.env.CI === undefined)) {
      console.log(`skip ${name}: ${error.message}`);
      return "skipped";
    }
    console.log(`FAIL ${name}: ${error instanceof Skip ? error.message : error.stack}`);
    return "failed";
  }
}

function printed(figure) {
  return typeof figure === "number" ? figure.toLocaleString("en-US") : figure;
}

function readArguments(suite, campaigns) {
  const known = campaigns.map(({ name, about, long_only }) => `  ${name}  ${about}${long_only ? " (long only)" : ""}`);
  try {
    const options = { long: { type: "boolean", default: false }, seed: { type: "string", default: "1" } };
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const wrong = positionals.find((name) => !campaigns.some((campaign) => campaign.name === name));
    if (wrong !== undefined) throw new Error(`unknown campaign ${wrong}`);
    if (!/^\d+$/.test(values.seed)) throw new Error(`--seed takes a whole number, not ${values.seed}`);
    return { names: positionals, long: values.long, seed: Number(values.seed) };
  } catch (error) {
    console.error(`${error.message}\nusage: npm run test:${suite} -- [NAME…] [--long] [--seed N]\n${known.join("\n")}`);
    return process.exit(2);
  }
}
