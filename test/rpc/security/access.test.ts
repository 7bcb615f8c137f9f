import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { encodeAppendRequest, encodeBatchRequest } from "@sessionlog/client/rpc/requests";
import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { definitions } from "../../../harness/probe.mjs";
import { METHOD_ROLES } from "../../../src/rpc/security/access.js";
import { type Authority, createAuthority, type Pair, writePair } from "../../support/certificates.js";
import { AUTH, tokens } from "../../support/identities.js";
import { sessionBytes, startTestServer, type TestServer } from "../../support/server.js";

const APPEND = SessionLogService.appendSession.path;
const BATCH = SessionLogService.batchAppendSessions.path;
const TAIL = SessionLogService.tailSessions.path;
const CHECK = "/grpc.health.v1.Health/Check";
const WATCH = "/grpc.health.v1.Health/Watch";
const REFLECTION = definitions.reflection.ServerReflectionInfo.path;
const REFLECTION_ALPHA = REFLECTION.replace(".v1.", ".v1alpha.");

const own = sessionBytes({ session_id: "own", daemon: "validatord-1" });
const foreign = sessionBytes({ session_id: "foreign", daemon: "mailsmith" });
const requests = {
  "append, own daemon": { path: APPEND, kind: "unary", body: encodeAppendRequest(own, false) },
  "append, foreign daemon": { path: APPEND, kind: "unary", body: encodeAppendRequest(foreign, false) },
  "validate_only, own daemon": { path: APPEND, kind: "unary", body: encodeAppendRequest(own, true) },
  "validate_only, foreign daemon": { path: APPEND, kind: "unary", body: encodeAppendRequest(foreign, true) },
  batch: { path: BATCH, kind: "unary", body: encodeBatchRequest([own, foreign]) },
  tail: { path: TAIL, kind: "stream", body: Buffer.from([0x10, 1]) },
  "health check": { path: CHECK, kind: "unary", body: Buffer.alloc(0) },
  "health watch": { path: WATCH, kind: "stream", body: Buffer.alloc(0) },
  reflection: { path: REFLECTION, kind: "bidi", body: Buffer.from([0x3a, 0]) },
  "reflection v1alpha": { path: REFLECTION_ALPHA, kind: "bidi", body: Buffer.from([0x3a, 0]) },
  "an unknown method": { path: "/sessionlog.v1.SessionLog/Nothing", kind: "unary", body: Buffer.alloc(0) },
  "an unknown service": { path: "/nothing.at.All/Nothing", kind: "unary", body: Buffer.alloc(0) },
} as const;

const OK = "OK";
const NO = "UNAUTHENTICATED";
const DENIED = "PERMISSION_DENIED";
const NONE = "UNIMPLEMENTED";
/** By request: nobody, append, read, admin, an unknown or expired token. */
const MATRIX: Readonly<Record<keyof typeof requests, readonly [string, string, string, string, string]>> = {
  "append, own daemon": [NO, OK, DENIED, OK, NO],
  "append, foreign daemon": [NO, DENIED, DENIED, OK, NO],
  "validate_only, own daemon": [NO, OK, DENIED, OK, NO],
  "validate_only, foreign daemon": [NO, DENIED, DENIED, OK, NO],
  batch: [NO, OK, DENIED, OK, NO],
  tail: [NO, DENIED, OK, OK, NO],
  "health check": [OK, OK, OK, OK, OK],
  "health watch": [OK, OK, OK, OK, OK],
  reflection: [NO, OK, OK, OK, NO],
  "reflection v1alpha": [NO, OK, OK, OK, NO],
  "an unknown method": [NO, NONE, NONE, NONE, NO],
  "an unknown service": [NO, NONE, NONE, NONE, NO],
};

test("each method has its row: of the service, in the matrix and in the roles", () => {
  const paths = Object.values(SessionLogService).map(({ path }) => path);
  expect(Object.keys(METHOD_ROLES).sort()).toEqual([...paths].sort());
  const tested = new Set<string>(Object.values(requests).map(({ path }) => path));
  expect(paths.filter((path) => !tested.has(path))).toEqual([]);
});

const transports = ["plain", "TLS", "mTLS", "unix"] as const;

describe.each(transports)("createAccess over %s", (transport) => {
  let server: TestServer;
  let authority: Authority;
  let daemon: Pair | undefined;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "sessionlog-access-"));
    authority = await createAuthority("authority");
    daemon =
      transport === "mTLS"
        ? await authority.issue("d", { names: [{ type: "url", value: "spiffe://test/validatord" }] })
        : undefined;
    writeFileSync(join(directory, "auth.toml"), AUTH);
    writeFileSync(join(directory, "ca.pem"), authority.cert);
    const pair = writePair(directory, await authority.issue("log"));
    const tls = { ...pair, client_ca: join(directory, "ca.pem"), client_auth: "optional" as const };
    server = await startTestServer({
      auth: { file: join(directory, "auth.toml") },
      ...(transport === "TLS" || transport === "mTLS" ? { tls } : {}),
      ...(transport === "unix" ? { server: { listen: `unix:${join(directory, "s")}` } } : {}),
    });
  });
  afterAll(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });

  function connect(): Client {
    const [root, key, cert] = [authority.cert, daemon?.key, daemon?.cert].map((pem) =>
      pem === undefined ? null : Buffer.from(pem),
    );
    const secure = transport === "TLS" || transport === "mTLS";
    const client = new Client(
      server.address,
      secure ? credentials.createSsl(root, key, cert) : credentials.createInsecure(),
      { "grpc.enable_http_proxy": 0 },
    );
    onTestFinished(() => client.close());
    return client;
  }

  const who = ["nobody", "append", "read", "admin", "an unknown token", "an expired token"] as const;
  const cells = Object.entries(MATRIX).flatMap(([name, row]) =>
    who.map((each, index) => ({ name, each, expected: row[Math.min(index, 4)], ofAppender: row[1] })),
  );

  // A certificate of validatord is the credential of "nobody" over mTLS, and contradicts the tokens of others.
  test.each(cells)("$name by $each is $expected", async ({ name, each, expected, ofAppender }) => {
    const request = Object.entries(requests).find(([key]) => key === name)?.[1];
    if (request === undefined) throw new Error(name);
    const token = {
      nobody: undefined,
      append: tokens.append,
      read: tokens.read,
      admin: tokens.admin,
      "an unknown token": "slt_unknown",
      "an expired token": tokens.expired,
    }[each];
    const found = await statusOf(connect(), request, token);
    const certified = transport === "mTLS" && !name.startsWith("health");
    if (certified && each === "nobody") expect(found).toBe(ofAppender);
    else if (certified && (each === "read" || each === "admin")) expect(found).toBe(NO);
    else expect(found).toBe(expected);
  });

  test.each<[string, string]>([
    ["Basic dXNlcjpwYXNz", NO],
    ["Bearer", NO],
    [`bearer ${tokens.append}`, OK],
    [`Bearer  ${tokens.append}`, OK],
    [`Bearer ${tokens.append} more`, NO],
    [`Bearer ${"x".repeat(10_000)}`, NO],
    [`Bearer ${tokens.append}, Bearer ${tokens.append}`, NO],
    [tokens.append, NO],
  ])("a header of authorization, case %#, is judged", async (authorization, expected) => {
    const metadata = new Metadata();
    metadata.set("authorization", authorization);
    expect(await statusOf(connect(), requests["append, own daemon"], undefined, metadata)).toBe(expected);
  });

  test("a record without daemon is stamped with the identity", async () => {
    const client = connect();
    const bytes = sessionBytes({ session_id: `stamped-${transport}`, daemon: "" });
    expect(
      await statusOf(client, { path: APPEND, kind: "unary", body: encodeAppendRequest(bytes, false) }, tokens.append),
    ).toBe(OK);
    expect(
      server.rows().some((row) => row.includes(`stamped-${transport}`) && row.includes('"daemon":"validatord"')),
    ).toBe(true);
  });
});

interface Asked {
  readonly path: string;
  readonly kind: "unary" | "stream" | "bidi";
  readonly body: Uint8Array;
}

/** The status of a call; OK for a stream that has sent something, or its headers. */
function statusOf(
  client: Client,
  { path, kind, body }: Asked,
  token?: string,
  metadata = new Metadata(),
): Promise<string> {
  const buffer = (bytes: Uint8Array) => Buffer.from(bytes);
  if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
  const options = { deadline: Date.now() + 15_000 };
  return new Promise((resolve) => {
    const end = (error: ServiceError | null) => resolve(status[error?.code ?? 0] ?? "?");
    if (kind === "unary") {
      client.makeUnaryRequest(path, buffer, buffer, body, metadata, options, end);
      return;
    }
    const bidi = kind === "bidi" ? client.makeBidiStreamRequest(path, buffer, buffer, metadata, options) : undefined;
    bidi?.write(body);
    const call = bidi ?? client.makeServerStreamRequest(path, buffer, buffer, body, metadata, options);
    call.on("error", end);
    const begun = () => {
      resolve(OK);
      call.cancel();
    };
    call.on("data", begun);
    if (path === TAIL) call.on("metadata", begun);
  });
}
