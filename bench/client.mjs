// How long `append` of @sessionlog/client takes its caller, beside JSON.stringify of the same record:
//   node bench/client.mjs [--allowed 100]      after `npm run build`; exits 1 when the median for a row of 1 KB is over that, in µs.
// Nothing listens: records are buffered, in a buffer with room for all, as while a service is away.
import { parseArgs } from "node:util";
import { createSessionLogger } from "@sessionlog/client";

const { values } = parseArgs({ options: { allowed: { type: "string", default: "100" } } });
const ALLOWED_US = Number(values.allowed);
const ROUNDS = 6_000;
/** Not counted: the first rounds run before V8 has compiled what it will. */
const WARM_UP = 1_000;

/** A session of three attempts, with a row of about 1 KB where there are two fills. */
function record(fills) {
  return {
    schema: "session.iterate.v1",
    session_id: "4bf92f3577b34da6a3ce929d0e0e4736",
    timestamp: { seconds: 1_777_699_329, nanos: 123_456_789 },
    daemon: "validatord",
    kind: "fill",
    model: "qwen3:8b",
    provider: "ollama",
    prompt: "Fill 2 welder slots at Plant 7, Mon 06:00-14:00. ".repeat(5),
    iterations: 3,
    max_iterations: 3,
    final_verdict: "accepted",
    attempts: [
      { iteration: 0, verdict_kind: "no_json", error: "no JSON object in output", span_id: "a1" },
      {
        iteration: 1,
        verdict_kind: "validation_failed",
        error: 'fills[0].candidate_id "W-9999" is not on the roster',
        span_id: "a2",
      },
      { iteration: 2, verdict_kind: "accepted", span_id: "a3" },
    ],
    artifact: {
      fills: Array.from({ length: fills }, (_, number) => ({
        candidate_id: `W-${number}`,
        name: "Ana Ruiz",
        score: 0.93,
      })),
    },
    grounded_in_roster: true,
    duration_ms: 1840,
  };
}

/** Nanoseconds of each call, sorted. The calls take turns, so that what else the machine does meets all alike. */
function measure(calls) {
  const times = Object.fromEntries(Object.keys(calls).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, call] of Object.entries(calls)) {
      const began = process.hrtime.bigint();
      call();
      const took = Number(process.hrtime.bigint() - began);
      if (round >= WARM_UP) times[name].push(took);
    }
  }
  for (const list of Object.values(times)) list.sort((a, b) => a - b);
  return times;
}

/** The medians of records with a row of about 1 KB. */
const medians_us = [];
for (const fills of [2, 20, 200]) {
  const given = record(fills);
  const { session_id, timestamp, ...fresh } = given;
  const log = createSessionLogger("127.0.0.1:1", {
    buffer_rows: 10 * ROUNDS,
    buffer_bytes: 2 ** 33,
    log: { info() {}, warn() {} },
  });
  const times = measure({
    "JSON.stringify": () => JSON.stringify(given),
    append: () => log.append(given),
    "append, stamped": () => log.append(fresh),
  });
  await log.close(0);
  const base = times["JSON.stringify"][Math.floor(times["JSON.stringify"].length / 2)];
  for (const [name, list] of Object.entries(times)) {
    const [median, p99] = [list[Math.floor(list.length / 2)], list[Math.floor(list.length * 0.99)]];
    const figures = [median, p99].map((nanoseconds) => `${(nanoseconds / 1_000).toFixed(1)} µs`.padStart(9));
    const ratio = median / base;
    if (fills === 2 && name !== "JSON.stringify") medians_us.push(median / 1_000);
    const label = `${fills} fills`.padEnd(10) + name.padEnd(16);
    console.log(`${label} median ${figures[0]}   p99 ${figures[1]}   ratio ${ratio.toFixed(2)}`);
  }
}
const worst_us = Math.max(...medians_us);
console.log(`1 KB: median ${worst_us.toFixed(1)} µs, allowed ${ALLOWED_US} µs`);
process.exitCode = worst_us <= ALLOWED_US ? 0 : 1;
