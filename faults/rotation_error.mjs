import { join } from "node:path";
import { liveWithFailingCall } from "./support/failing_call.mjs";

/** What fails, with what, and up to which of the process's calls; `survives`: whether the service must live on. */
const kinds = [
  { call: "pwrite64", error: "ENOSPC", calls: 60, survives: true },
  { call: "rename", error: "ENOSPC", calls: 20, survives: true },
  { call: "unlink", error: "EIO", calls: 6, survives: true },
  { call: "rename", error: "EIO", calls: 20, survives: false },
  { call: "pwrite64", error: "EIO", calls: 60, survives: false },
];

/** @type {import("../harness/outcome.mjs").Campaign} */
export const rotationError = {
  name: "rotation-error",
  about:
    "writes, renames and removals fail anywhere in the process: at the log, its state, its segments, their checksums",
  async run({ long, random, directory }) {
    const total = { runs: 0, acknowledged: 0, rows: 0, retried: 0, refused: 0, exits: 0, survived: 0 };
    const broken = [];
    for (const { call, error, calls, survives } of kinds) {
      for (let run = 0; run < (long ? 10 : 1); run += 1) {
        const first = random.int(1, calls);
        const when = `${first}..${first + 1}`;
        const path = join(directory, `${call}-${error}-${run}`, "sessions.jsonl");
        const life = await liveWithFailingCall(path, { call, error, when });
        total.runs += 1;
        total.refused += life.refused;
        total[life.code === 0 ? "survived" : "exits"] += 1;
        for (const [what, figure] of Object.entries(life.figures)) total[what] += figure;
        const ended_well = life.code === 0 || (!survives && life.code === 1);
        const problems = ended_well ? life.broken : [...life.broken, `ended with ${life.code}:\n${life.log}`];
        broken.push(...problems.map((problem) => `${call} ${error} ${when}, ${life.failed}: ${problem}`));
      }
    }
    return { figures: total, broken };
  },
};
