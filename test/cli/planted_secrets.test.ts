// The built program with secrets in all that clients can send: none of them is in what it prints.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { encodeAppendRequest, encodeBatchRequest } from "@sessionlog/client/rpc/requests";
import { TailSessionsRequest } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { describe, expect, onTestFinished, test } from "vitest";
import { definitions } from "../../harness/probe.mjs";
import { digest } from "../support/identities.js";
import { sessionBytes } from "../support/server.js";
import { temporaryDirectory } from "./support.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const SECRET = `planted${randomBytes(8).toString("hex")}`;
const TRACING = { GRPC_TRACE: "all", GRPC_NODE_TRACE: "all", GRPC_VERBOSITY: "DEBUG", GRPC_NODE_VERBOSITY: "DEBUG" };
const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const METADATA = {
  "x-secret": SECRET,
  "x-secret-bin": Buffer.from(SECRET).toString("base64"),
  "x-lakehouse-trace-id": `${SECRET} is no id`,
  cookie: `session=${SECRET}`,
  "user-agent": SECRET,
  "grpc-timeout": "20S",
};
const SERVICE = "/sessionlog.v1.SessionLog";
const GOOD = {
  session_id: "good",
  model: SECRET,
  provider: SECRET,
  prompt: SECRET,
  artifact: { [SECRET]: SECRET, fills: [{ candidate_id: SECRET }] },
  attempts: [
    { iteration: 0, verdict_kind: "validation_failed", error: SECRET, span_id: SECRET },
    { iteration: 1, verdict_kind: "accepted" },
  ],
  iterations: 2,
  final_verdict: "accepted",
  grounded_in_roster: false,
};
const RECORDS: readonly object[] = [
  GOOD,
  { ...GOOD, kind: SECRET },
  { ...GOOD, session_id: SECRET, daemon: `${SECRET} no daemon`, final_verdict: SECRET, schema: SECRET },
  { ...GOOD, daemon: SECRET, grounded_in_roster: true },
  { ...GOOD, attempts: [{ iteration: -1, verdict_kind: SECRET, error: SECRET, span_id: `${SECRET} ` }] },
  { ...GOOD, model: `${SECRET}\n`, prompt: SECRET.repeat(10) },
];

const message = (bytes: Uint8Array, compressed = 0) => {
  const head = Buffer.from([compressed, 0, 0, 0, 0]);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};
const ALL = {
  from_sequence: 0,
  follow: false,
  last: 5,
  kinds: [],
  daemons: [],
  models: [],
  verdicts: [],
  ungrounded_only: false,
};
const tail = (request: Partial<TailSessionsRequest>) => TailSessionsRequest.encode({ ...ALL, ...request }).finish();
const { health, reflection } = definitions;

/** Calls of gRPC: path and body. */
const CALLS: readonly (readonly [path: string, body: Buffer, headers?: object])[] = [
  ...RECORDS.map(
    (record) => [`${SERVICE}/AppendSession`, message(encodeAppendRequest(sessionBytes(record), false))] as const,
  ),
  [`${SERVICE}/AppendSession`, message(Buffer.from(SECRET))],
  [`${SERVICE}/AppendSession`, message(Buffer.from(SECRET), 1), { "grpc-encoding": "gzip" }],
  [
    `${SERVICE}/AppendSession`,
    message(gzipSync(encodeAppendRequest(sessionBytes(GOOD), true)), 1),
    { "grpc-encoding": "gzip" },
  ],
  [`${SERVICE}/AppendSession`, message(Buffer.from(SECRET.repeat(5_000)))],
  [`${SERVICE}/AppendSession`, message(Buffer.from(SECRET)), { "grpc-encoding": SECRET }],
  [`${SERVICE}/AppendSession`, message(Buffer.from(SECRET)), { "x-large": SECRET.repeat(1_000) }],
  [`${SERVICE}/BatchAppendSessions`, message(encodeBatchRequest(RECORDS.map(sessionBytes)))],
  [`${SERVICE}/BatchAppendSessions`, message(encodeBatchRequest([Buffer.from(SECRET)]))],
  [`${SERVICE}/TailSessions`, message(tail({ kinds: [SECRET], daemons: [SECRET], models: [SECRET] }))],
  [`${SERVICE}/TailSessions`, message(tail({}))],
  [`${SERVICE}/TailSessions`, message(tail({ verdicts: [SECRET] }))],
  [`${SERVICE}/TailSessions`, message(Buffer.from(SECRET))],
  [`${SERVICE}/${SECRET}`, message(Buffer.from(SECRET))],
  [`/${SECRET}/Method`, message(Buffer.from(SECRET))],
  [health.Check.path, message(health.Check.requestSerialize({ service: SECRET }))],
  [health.Watch.path, message(health.Watch.requestSerialize({ service: SECRET }))],
  [
    reflection.ServerReflectionInfo.path,
    message(reflection.ServerReflectionInfo.requestSerialize({ list_services: SECRET })),
  ],
  [
    reflection.ServerReflectionInfo.path,
    message(Buffer.concat([Buffer.from([0x22, SECRET.length]), Buffer.from(SECRET)])),
  ],
];
const BODIES: readonly string[] = [
  ...RECORDS.map((record) => JSON.stringify({ record: { daemon: "writer", kind: "fill", ...record } })),
  JSON.stringify({ record: { [SECRET]: SECRET }, [SECRET]: 1 }),
  JSON.stringify({ record: { [`${SECRET} `]: SECRET, duration_ms: SECRET, timestamp: SECRET, artifact: SECRET } }),
  `{"record": ${SECRET}`,
  SECRET,
];
const CREDENTIALS: readonly (string | undefined)[] = [
  `Bearer slt_writer_${SECRET}`,
  `Bearer slt_reader_${SECRET}`,
  `bearer slt_${SECRET}`,
  `Bearer ${SECRET} ${SECRET}`,
  `Basic ${Buffer.from(SECRET).toString("base64")}`,
  `Bearer ${SECRET.repeat(400)}`,
  undefined,
];

/** Starts it on a Unix socket, as only level info says which port it has. Resolves once it listens. */
async function serve(args: readonly string[]) {
  const directory = temporaryDirectory();
  const identities = Object.entries({ writer: "append", reader: "read" } as const).map(
    ([name, role]) => `[[identity]]\nname = "${name}"\nroles = ["${role}"]\ndaemons = ["validatord"]
[[identity.token]]\nid = "${name}"\nsha256 = "${digest(`slt_${name}_${SECRET}`)}"\n`,
  );
  writeFileSync(join(directory, "auth.toml"), identities.join("\n"));
  const path = join(directory, "s.sock");
  const all = ["serve", "--listen", `unix:${path}`, "--server-max-message-bytes", "64KiB", ...args];
  const child = spawn(process.execPath, [program, ...all], {
    cwd: directory,
    env: { PATH: process.env.PATH, NO_COLOR: "1", ...TRACING },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (printed += chunk));
  const closed = once(child, "close");
  while (!existsSync(path) && child.exitCode === null) await sleep(10);
  return {
    path,
    async stop() {
      child.kill("SIGHUP");
      child.kill("SIGTERM");
      await closed;
      return printed;
    },
  };
}

/** Sends all of it, with each of these credentials. */
async function send(path: string, all: typeof CREDENTIALS): Promise<void> {
  for (const authorization of all) {
    const credentials = authorization === undefined ? {} : { authorization };
    const json = { ...credentials, "content-type": "application/json" };
    await Promise.all([
      ...CALLS.map(([method, body, headers]) => http2(path, method, body, { ...credentials, ...headers })),
      ...BODIES.flatMap((body) => [
        http2(path, `${SERVICE}/AppendSession?token=${SECRET}`, body, json),
        http2(path, `${SERVICE}/${SECRET}`, body, json),
        http1(path, requestOf({ host: SECRET, connection: "close", "content-length": body.length, ...json }) + body),
      ]),
    ]);
  }
  await http1(path, `${SECRET} / HTTP/1.1\r\n\r\n`);
  await http1(path, requestOf({ host: "x", connection: "close", "x-secret": SECRET }).replace("POST", SECRET));
}

function requestOf(headers: object): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${SERVICE}/BatchAppendSessions HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** On a connection of its own: too many wrong credentials cut one. */
async function http2(path: string, method: string, body: Buffer | string, headers: object): Promise<void> {
  const session = connectHttp2("http://localhost", { createConnection: () => connect(path) });
  session.on("error", () => {});
  const stream = session.request({
    ":method": "POST",
    ":path": method,
    "content-type": "application/grpc",
    te: "trailers",
    traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`,
    ...METADATA,
    ...headers,
  });
  // A Watch, and a tail that follows, stay open.
  const answered = new Promise((resolve) => stream.once("close", resolve).once("data", resolve));
  stream.on("error", () => {}).end(body);
  await answered;
  session.destroy();
}

async function http1(path: string, text: string): Promise<void> {
  const socket = connect(path);
  socket.on("error", () => {}).resume();
  socket.write(text);
  await once(socket, "close");
}

const traces = (printed: string) =>
  [SECRET, Buffer.from(SECRET).toString("base64").replace(/=+$/, "")].filter((text) => printed.includes(text));

describe("secrets in all that clients send", () => {
  const AUTH = ["--auth-file", "auth.toml"];
  test.each([
    ["debug", "json", AUTH],
    ["debug", "pretty", AUTH],
    ["debug", "json", []],
    ["info", "json", AUTH],
    ["warn", "json", AUTH],
    ["error", "json", AUTH],
  ])(
    "none is printed at level %s, in %s, with gRPC's tracing variables, and %j",
    async (level, format, auth) => {
      const { path, stop } = await serve(["--logs-level", level, "--logs-format", format, ...auth]);
      // What is logged above debug is a part of what is logged there.
      await send(path, level === "debug" && format === "json" ? CREDENTIALS : CREDENTIALS.slice(0, 3));
      const printed = await stop();
      expect(traces(printed)).toEqual([]);
      expect(printed.includes("call refused") && printed.includes(TRACE_ID)).toBe(level === "debug");
    },
    60_000,
  );

  test("with --unsafe-trace gRPC prints them, which shows that they would be found", async () => {
    const { path, stop } = await serve(["--unsafe-trace"]);
    for (const [method, body, headers] of CALLS) await http2(path, method, body, { ...headers });
    expect(traces(await stop())).toContain(SECRET);
  }, 60_000);
});
