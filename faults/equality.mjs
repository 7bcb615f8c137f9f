import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;

/** The comparison itself is a unit test, which goes on for longer here. @type {import("../harness/outcome.mjs").Campaign} */
export const equality = {
  name: "equality",
  about: "random and changed records: one pass gives the rows of the reference path, and accepts none that it refuses",
  async run({ long, seed, directory }) {
    const figures_file = join(directory, "figures.jsonl");
    const records = long ? 2_000_000 : 100_000;
    const env = {
      ...process.env,
      EQUALITY_RECORDS: String(records),
      EQUALITY_SEED: String(seed),
      EQUALITY_FIGURES: figures_file,
    };
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const child = spawn(process.execPath, [vitest, "run", "test/record/one_pass"], {
      cwd: root,
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    let output = "";
    child.stdout.on("data", (text) => {
      output += text;
    });
    const [code] = await once(child, "exit");
    const text = await readFile(figures_file, "utf8").catch(() => "");
    const parts = text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
    const percent = (share) => `${(100 * share).toFixed(1)} %`;
    const figures = {
      compared: sum("compared"),
      accepted: sum("accepted"),
      "by one pass": sum("taken"),
      share: percent(sum("taken") / sum("accepted")),
    };
    const broken =
      code === 0 && sum("compared") >= records ? [] : [`the tests ended with ${code}\n${output.slice(-4000)}`];
    return { figures, broken };
  },
};
