import { EventEmitter } from "node:events";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { expect, test, vi } from "vitest";
import { createAuthority } from "../../support/certificates.js";
import { startSecuredService } from "../../support/secured.js";
import { sessionBytes } from "../../support/server.js";
import { createSink, rowText, runCli } from "../support.js";

const OLD = "slt_old";
const NEW = "slt_new";

/** A service, and the environment of a command that it lets in by the token in a file. */
async function start(options: Parameters<typeof startSecuredService>[0] = {}) {
  const secured = await startSecuredService({ tokens: [OLD], ...options });
  const token_file = join(secured.directory, "token");
  writeFileSync(token_file, `${OLD}\n`);
  const env = {
    SESSIONLOG_ADDRESS: secured.server.address,
    SESSIONLOG_TOKEN_FILE: token_file,
    ...(secured.ca_file && { SESSIONLOG_CA_FILE: secured.ca_file }),
  };
  return { ...secured, env, token_file, rows: join(secured.directory, "rows.jsonl") };
}

const row = (number: number) => `${rowText({ session_id: `s-${number}` })}\n`;
const ids = (text: string) => [...text.matchAll(/"session_id":"([^"]*)"/g)].map(([, id]) => id);

/** Starts a command that follows; `stop` interrupts it and resolves with what it did. */
function follow(args: readonly string[], env: Record<string, string>) {
  const [stdout, stderr, signals] = [createSink(), createSink(), new EventEmitter()];
  const running = runCli(args, { env, stdout, stderr, signals, real_time: true });
  return {
    stdout,
    stderr,
    stop: () => {
      signals.emit("SIGINT");
      return running;
    },
  };
}

test.each([[false], [true]])("append and tail take TLS and token from the environment (unix: %s)", async (unix) => {
  const { env, server } = await start({ role: "admin", unix });
  expect(await runCli(["append"], { env, stdin: row(1) })).toEqual({
    code: 0,
    stdout: "appended 1, duplicate 0, refused 0\n",
    stderr: "",
  });
  expect(await runCli(["tail"], { env })).toEqual({ code: 0, stdout: `${server.rows().join("\n")}\n`, stderr: "" });
  const { SESSIONLOG_TOKEN_FILE: _, ...others } = env;
  expect(await runCli(["tail"], { env: { ...others, SESSIONLOG_TOKEN: OLD } })).toMatchObject({ code: 0 });
});

test.each<[string, Record<string, string>, string]>([
  ["an unknown token", { SESSIONLOG_TOKEN: "x" }, "credentials are required (the token is that of SESSIONLOG_TOKEN)"],
  ["no token", {}, "credentials are required (no SESSIONLOG_TOKEN_FILE or SESSIONLOG_TOKEN is set)"],
  [
    "a token file that is not there",
    { SESSIONLOG_TOKEN_FILE: "/no/such/token" },
    "SESSIONLOG_TOKEN_FILE: /no/such/token: no such file or directory",
  ],
])("append and tail with %s fail in one line, and say where to go on", async (_what, given, why) => {
  const { env, server } = await start();
  const { SESSIONLOG_TOKEN_FILE: _, ...others } = env;
  const run = (...args: string[]) => runCli(args, { env: { ...others, ...given }, stdin: `${row(1)}${row(2)}` });
  const { address } = server;
  const stderr = `sessionlog: ${address}: UNAUTHENTICATED: ${why}; resume from line 1\n`;
  const nothing = { code: 1, stdout: "appended 0, duplicate 0, refused 0\n", stderr };
  expect(await run("append")).toEqual(nothing);
  // A token file may get another token; --follow waits for that.
  if (!("SESSIONLOG_TOKEN_FILE" in given)) expect(await run("append", "--follow", "-")).toEqual(nothing);
  const stderr_of_tail = stderr.replace("; resume from line 1", "");
  expect(await run("tail")).toEqual({ code: 1, stdout: "", stderr: stderr_of_tail });
  expect(await run("tail", "--follow")).toEqual({ code: 1, stdout: "", stderr: stderr_of_tail });
  expect(server.rows()).toEqual([]);
});

test.each([
  ["append", "append", "tail", "TailSessions: it needs the role read or admin"],
  ["read", "append", "append", "BatchAppendSessions: it needs the role append or admin; resume from line 1"],
])("a caller with the role %s who calls %s or %s without the role is told so", async (role, _other, command, why) => {
  const { env, server } = await start({ role });
  const { code, stderr } = await runCli([command], { env, stdin: row(1) });
  expect([code, stderr]).toEqual([
    1,
    `sessionlog: ${server.address}: PERMISSION_DENIED: validatord may not call ${why}\n`,
  ]);
});

test("append --follow waits until the token file changes, loses no row, and says so once an outage", async () => {
  const { env, token_file, rows, server, allow } = await start();
  writeFileSync(token_file, "unknown");
  writeFileSync(rows, row(1));
  const append = follow(["append", "--follow", rows], env);
  const refused = `sessionlog: ${server.address}: UNAUTHENTICATED: credentials are required (the token is that of SESSIONLOG_TOKEN_FILE); rows wait\n`;
  await vi.waitFor(() => expect(append.stderr.text()).toBe(refused), 60_000);
  writeFileSync(token_file, OLD);
  await vi.waitFor(() => expect(ids(server.rows().join())).toEqual(["s-1"]), 60_000);
  allow(NEW);
  appendFileSync(rows, `${row(2)}${row(3)}`);
  await vi.waitFor(() => expect(append.stderr.text()).toBe(refused + refused), 60_000);
  writeFileSync(token_file, NEW);
  await vi.waitFor(() => expect(ids(server.rows().join())).toEqual(["s-1", "s-2", "s-3"]), 60_000);
  expect(await append.stop()).toEqual({
    code: 0,
    stdout: "appended 3, duplicate 0, refused 0\n",
    stderr: refused + refused,
  });
});

test("tail --follow goes on after its token was renewed, each row once", async () => {
  const { env, token_file, server, authority, allow } = await start({ role: "admin" });
  const root = Buffer.from(authority.cert);
  const client = createApiClient(server.address, { credentials: credentials.createSsl(root) });
  const store = async (session_id: string, token: string) => {
    const metadata = { authorization: `Bearer ${token}` };
    expect(await client.append(sessionBytes({ session_id }), { metadata })).toMatchObject({ ok: true });
  };
  await store("s-1", OLD);
  const tail = follow(["tail", "--follow"], env);
  await vi.waitFor(() => expect(ids(tail.stdout.text())).toEqual(["s-1"]), 60_000);
  allow(NEW);
  await store("s-2", NEW);
  await store("s-3", NEW);
  writeFileSync(token_file, NEW);
  await vi.waitFor(() => expect(ids(tail.stdout.text())).toEqual(["s-1", "s-2", "s-3"]), 60_000);
  await store("s-4", NEW);
  await vi.waitFor(() => expect(ids(tail.stdout.text())).toEqual(["s-1", "s-2", "s-3", "s-4"]), 60_000);
  const { code, stderr } = await tail.stop();
  expect(code).toBe(0);
  expect(stderr).toMatch(/^sessionlog: .*: credentials are required.*; waiting for another token\n$/);
  client.close();
});

test.each<[string, Record<string, string>, string]>([
  [
    "a token without TLS to another machine",
    { SESSIONLOG_TOKEN: "x" },
    "SESSIONLOG_TOKEN: a token is sent to log.example:50051 over TLS only: set SESSIONLOG_CA_FILE or SESSIONLOG_SERVER_NAME",
  ],
  [
    "the same of a file",
    { SESSIONLOG_TOKEN_FILE: "/t" },
    "SESSIONLOG_TOKEN_FILE: a token is sent to log.example:50051 over TLS only: set SESSIONLOG_CA_FILE or SESSIONLOG_SERVER_NAME",
  ],
  [
    "a token of two lines",
    { SESSIONLOG_ADDRESS: "127.0.0.1:1", SESSIONLOG_TOKEN: "a\nb" },
    "SESSIONLOG_TOKEN: a token may have printable ASCII only",
  ],
  [
    "an authority that is not there",
    { SESSIONLOG_CA_FILE: "/no/ca.pem" },
    "SESSIONLOG_CA_FILE: /no/ca.pem: no such file or directory",
  ],
])("a command refuses %s, with exit code 2", async (_what, given, message) => {
  const env = { SESSIONLOG_ADDRESS: "log.example:50051", ...given };
  for (const command of ["append", "tail"]) {
    expect(await runCli([command], { env })).toEqual({ code: 2, stdout: "", stderr: `sessionlog: ${message}\n` });
  }
});

test("a command says why a service's certificate is not trusted", async () => {
  const { env, directory, server } = await start();
  const foreign = await createAuthority("foreign");
  writeFileSync(join(directory, "foreign.pem"), foreign.cert);
  const tail = (given: Record<string, string>) => runCli(["tail"], { env: { ...env, ...given } });
  expect(await tail({ SESSIONLOG_CA_FILE: join(directory, "foreign.pem") })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(new RegExp(`^sessionlog: ${server.address}: UNAVAILABLE: .*certificate.*\n$`)),
  });
  expect(await tail({ SESSIONLOG_SERVER_NAME: "other.example" })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/UNAVAILABLE: .*Host: other\.example\. is not in the cert's altnames/),
  });
});

test("a command without TLS says that the service may want it", async () => {
  const { server } = await start();
  const { code, stderr } = await runCli(["tail", "--address", server.address]);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(
      /UNAVAILABLE: .*\(without TLS: for a service with TLS, set SESSIONLOG_CA_FILE or SESSIONLOG_SERVER_NAME\)\n$/,
    ),
  ]);
});

test("there is no flag for a token", async () => {
  for (const command of ["append", "tail"]) {
    const { code, stderr } = await runCli([command, "--token", "x"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("unknown option '--token'")]);
  }
});
