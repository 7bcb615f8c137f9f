// grpcurl knows nothing of the API but what reflection tells it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { findTool } from "../harness/tools.mjs";
import { excerpt, goldenCases, violationsText } from "./golden.mjs";

const program = findTool("grpcurl");
const service = "sessionlog.v1.SessionLog";
const reflectionProtos = new URL("../node_modules/@grpc/reflection/build/proto", import.meta.url).pathname;

/** @type {import("./run.mjs").Suite} */
export const grpcurl = {
  name: "grpcurl",
  missing: () => (program === undefined ? "grpcurl is not here; scripts/tools.sh builds it" : undefined),
  async *run({ address, path }) {
    yield* asksReflection(address);
    for (const golden of goldenCases()) {
      const rowsBefore = readFileSync(path);
      const answer = await call(
        address,
        ["-format-error", "-d", "@"],
        [`${service}/AppendSession`],
        `{"record":${golden.send}}`,
      );
      const written = readFileSync(path).subarray(rowsBefore.length).toString();
      yield {
        name: golden.name,
        problem: golden.row === undefined ? refusal(golden, answer, written) : acceptance(golden, answer, written),
      };
    }
    yield* refusesReadably(address);
    yield* followsTheLog(address, path);
  },
};

async function* asksReflection(address) {
  const names = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    service,
  ];
  yield expectAll("list", await call(address, [], ["list"]), names);
  yield expectAll(
    "describe",
    await call(address, [], ["describe"]),
    names.map((name) => `${name} is a service`),
  );
  yield expectAll("describe the record", await call(address, [], ["describe", "sessionlog.v1.SessionRecord"]), [
    ".google.protobuf.Timestamp timestamp = 3;",
    "repeated .sessionlog.v1.SessionAttempt attempts = 12;",
    ".google.protobuf.Struct artifact = 13;",
    "optional bool grounded_in_roster = 14;",
    "// Whether every person named in the artifact is on the roster.",
  ]);
  for (const version of ["v1", "v1alpha"]) {
    const protos = [
      "-import-path",
      reflectionProtos,
      "-proto",
      `grpc/reflection/${version}/reflection.proto`,
      "-d",
      "@",
    ];
    const method = `grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    yield expectAll(`reflection ${version}`, await call(address, protos, [method], '{"list_services":""}'), names);
  }
  for (const name of ["", service]) {
    const answer = await call(address, ["-d", "@"], ["grpc.health.v1.Health/Check"], JSON.stringify({ service: name }));
    yield expectAll(`health of "${name}"`, answer, ['"status": "SERVING"']);
  }
}

async function* refusesReadably(address) {
  const answer = await call(address, ["-d", "@"], [`${service}/AppendSession`], '{"record":{"kind":"poem"}}');
  const problem = answer.code === 0 ? "it was accepted" : undefined;
  yield problem
    ? { name: "a refusal as people see it", problem }
    : expectAll("a refusal as people see it", { ...answer, code: 0 }, [
        "Code: InvalidArgument",
        '"@type": "type.googleapis.com/google.rpc.BadRequest"',
        '"field": "record.kind"',
        '"reason": "NOT_ALLOWED"',
      ]);
}

/** Every row comes as the record that makes the same row again; and a row that is appended while grpcurl follows. */
async function* followsTheLog(address, path) {
  const rows = readFileSync(path, "utf8").trimEnd().split("\n");
  const read = await call(address, ["-d", "@"], [`${service}/TailSessions`], '{"from_sequence":1}');
  const sent = objectsIn(read.output);
  const problem = sent.length === rows.length ? undefined : `${sent.length} of ${rows.length} rows\n${read.output}`;
  yield { name: "tail sends every row", problem };
  const sequences = sent.map(({ sequence }) => Number(sequence));
  const ordered = sequences.every((sequence, index) => sequence === index + 1);
  yield { name: "tail sends them in order", problem: ordered ? undefined : sequences.join(" ") };
  const again = sent.map(({ record }) =>
    call(address, ["-d", "@"], [`${service}/AppendSession`], JSON.stringify({ record })),
  );
  const answers = await Promise.all(again);
  const lost = answers.filter(({ output }) => !output.includes('"duplicate": true')).map(({ output }) => output);
  yield { name: "tail's records are the rows' own", problem: lost.length === 0 ? undefined : lost.join("\n") };

  const flags = ["-plaintext", "-d", '{"follow":true,"daemons":["followed"]}', address, `${service}/TailSessions`];
  const child = spawn(program, flags, { stdio: ["ignore", "pipe", "inherit"] });
  const first = once(child.stdout, "data").then(([bytes]) => String(bytes));
  // Until something is printed nobody knows that it follows.
  const appending = setInterval(() => {
    const record = '{"record":{"daemon":"followed","kind":"fill","final_verdict":"infra_error"}}';
    void call(address, ["-d", "@"], [`${service}/AppendSession`], record);
  }, 300);
  const printed = await Promise.race([first, sleep(15_000, "nothing within 15 s")]);
  clearInterval(appending);
  child.kill();
  const follows = printed.includes('"daemon": "followed"');
  yield { name: "tail follows", problem: follows ? undefined : printed };
}

/** JSON objects one after the other, each beginning and ending with a brace in the first column. */
function objectsIn(output) {
  return output
    .split(/^(?=\{)/m)
    .filter((text) => text.startsWith("{"))
    .map((text) => JSON.parse(text));
}

function acceptance(golden, answer, written) {
  if (answer.code !== 0) return `refused: ${answer.output}`;
  return written === `${golden.row}\n` ? undefined : `wrote ${excerpt(written)}\nexpected ${excerpt(golden.row)}`;
}

function refusal(golden, answer, written) {
  if (answer.code === 0) return "it was accepted";
  if (written !== "") return `refused, and yet written: ${excerpt(written)}`;
  const { code, details = [] } = JSON.parse(answer.output);
  const got = violationsText(details.flatMap((detail) => detail.fieldViolations ?? []));
  const expected = violationsText(golden.violations);
  return code === 3 && got === expected ? undefined : `status ${code} with\n${got}\nexpected 3 with\n${expected}`;
}

function expectAll(name, { code, output }, parts) {
  const absent = parts.filter((part) => !output.includes(part));
  return {
    name,
    problem: code === 0 && absent.length === 0 ? undefined : `exit ${code}, without ${absent.join(", ")}:\n${output}`,
  };
}

/** @returns {Promise<{ code: number, output: string }>} what it printed, on either output */
async function call(address, flags, words, message = "") {
  const child = spawn(program, ["-plaintext", "-max-time", "20", ...flags, address, ...words], { stdio: "pipe" });
  // grpcurl may end before it has read all; its exit code tells.
  child.stdin.on("error", () => {});
  child.stdin.end(message);
  const ended = new Promise((resolve) => child.on("close", resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, output: `${out}${err}` };
}
