// `node bench/record.mjs [--rounds 300]`: CPU from a record's bytes to its row, by the reference path and as the service does it.
// Both take turns in one process, in slices of 100 records; of each the 10th percentile, as other work only ever adds time.
import { createRecordToRow, recordJsonToBytes } from "../dist/record/index.js";
import { createReference } from "../dist/record/reference/by_reference.js";
import { readOptions } from "../harness/options.mjs";
import { machine, table } from "./lib/figures.mjs";

const { rounds } = readOptions({ rounds: 300 });
const SLICE_RECORDS = 100;
const KINDS = ["fill", "email", "playbook"];

const fitted = (text, length) => text.repeat(Math.ceil(length / text.length)).slice(0, length);
const worker = (index) => ({ candidate_id: `W-${1000 + index}`, name: "Ana Fox", role: "welder", shift: "night" });
const plain = {
  session_id: "4bf92f3577b34da6a3ce929d0e0e4736",
  timestamp: "2026-05-02T05:22:09.123456789Z",
  daemon: "validatord",
  kind: "fill",
  model: "qwen3:8b",
  provider: "ollama",
  prompt: fitted("Fill two slots of the night shift at the dock. ", 450),
  iterations: 2,
  max_iterations: 3,
  final_verdict: "accepted",
  attempts: [
    { iteration: 0, verdict_kind: "validation_failed", error: "fills[0].candidate_id W-91 is not on the roster" },
    { iteration: 1, verdict_kind: "accepted", span_id: "00f067aa0ba902b7" },
  ],
  artifact: { fills: [worker(0)], note: "first line, second line" },
  grounded_in_roster: true,
  duration_ms: 1840,
};
const large = { fills: Array.from({ length: 40 }, (_, index) => worker(index)) };
const UNKNOWN_FIELD = Buffer.from([0x80, 0x01, 0x01]);

const records = {
  plain: bytesOf(plain),
  "multi-line, with quotes": bytesOf({
    ...plain,
    prompt: fitted('Slots at "Dock 4".\nPeople who "worked there".\n\n', 450),
  }),
  "not ASCII": bytesOf({ ...plain, prompt: fitted("Ночная смена на причале, 二人の溶接工, für die Nacht. ", 250) }),
  "artifact of 4 kB": bytesOf({ ...plain, artifact: large }),
  "artifact of 4 kB, scores": bytesOf({
    ...plain,
    artifact: { ...large, scores: large.fills.map((_, index) => 0.5 + index / 7) },
  }),
  "all stamped": bytesOf({ ...plain, session_id: "", timestamp: undefined, daemon: "" }),
  "irregular in its last field": Buffer.concat([bytesOf(plain), UNKNOWN_FIELD]),
};
const stamps = {
  session_id: () => "4bf92f3577b34da6a3ce929d0e0e4736",
  daemon: "validatord",
  timestamp: () => ({ seconds: 1_777_699_329, nanos: 123_000_000 }),
};

function bytesOf(record) {
  const result = recordJsonToBytes(JSON.stringify(record));
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return Buffer.from(result.bytes);
}

/** @returns {number} microseconds a record */
function timeSlice(toRow, bytes) {
  const begun_ms = performance.now();
  for (let count = 0; count < SLICE_RECORDS; count += 1) {
    const result = toRow(bytes, stamps);
    if (!result.ok) throw new Error(JSON.stringify(result.violations));
  }
  return ((performance.now() - begun_ms) * 1000) / SLICE_RECORDS;
}

const percentile10 = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 10)];

const paths = { reference: createReference(KINDS), service: createRecordToRow({ kinds: KINDS }) };
const times = new Map(Object.keys(records).map((name) => [name, { reference: [], service: [] }]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, bytes] of Object.entries(records)) {
    for (const [path, toRow] of Object.entries(paths)) times.get(name)[path].push(timeSlice(toRow, bytes));
  }
}
const rows = Object.entries(records).map(([name, bytes]) => {
  const reference = percentile10(times.get(name).reference);
  const service = percentile10(times.get(name).service);
  return [name, `${bytes.length}`, reference.toFixed(2), service.toFixed(2), (reference / service).toFixed(2)];
});
console.log(`${machine()}; ${rounds} rounds`);
console.log(table(["record", "bytes", "reference µs", "service µs", "reference ÷ service"], rows));
