import { join } from "node:path";
import { liveWithFailingCall } from "./support/failing_call.mjs";

/** @type {import("../harness/outcome.mjs").Campaign} */
export const fsyncError = {
  name: "fsync-error",
  about:
    "the N-th fdatasync of the process fails with EIO, for N in the first 50; and the N-th fsync, which is a directory's",
  async run({ long, random, directory }) {
    const total = { runs: 0, acknowledged: 0, rows: 0, retried: 0, "failed starts": 0, exits: 0, survived: 0 };
    const broken = [];
    for (const [call, when] of chooseCalls(long, random)) {
      const path = join(directory, `${call}-${when}`, "sessions.jsonl");
      const life = await liveWithFailingCall(path, { call, error: "EIO", when: String(when) });
      total.runs += 1;
      for (const [what, figure] of Object.entries(life.figures)) total[what] += figure;
      total[ending(life)] += 1;
      const problems = [...life.broken, ...complaints(life, call)];
      broken.push(...problems.map((problem) => `${call} ${when}, ${life.failed}: ${problem}`));
    }
    return { figures: total, broken };
  },
};

/** @returns {["fdatasync" | "fsync", number][]} */
function chooseCalls(long, random) {
  const fdatasyncs = Array.from({ length: 50 }, (_, index) => index + 1);
  const fsyncs = Array.from({ length: 20 }, (_, index) => index + 1);
  const some = [...fdatasyncs.slice(0, 3), ...random.sample(fdatasyncs.slice(3), 3)];
  return [
    ...(long ? fdatasyncs : some).map((when) => ["fdatasync", when]),
    ...(long ? fsyncs : random.sample(fsyncs, 2)).map((when) => ["fsync", when]),
  ];
}

function ending({ code, served }) {
  if (code === 0) return "survived";
  return served ? "exits" : "failed starts";
}

function complaints({ code, log, failed }, call) {
  const found = [];
  // The background work on sealed segments starts again; any other failure ends the process. A directory is synced by both.
  const survives = call === "fsync" ? code === 0 : /\.(gz|sha256)\.tmp$/.test(failed);
  if (code !== (survives ? 0 : 1)) found.push(`the service ended with ${code}`);
  if (!/EIO|i\/o error/.test(log)) found.push(`the service does not say why:\n${log}`);
  return found;
}
