import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { definitions } from "../../../harness/probe.mjs";
import { AUTH, digest, tokens } from "../../support/identities.js";
import { sessionBytes, startTestServer, type TestServer } from "../../support/server.js";

const APPEND = SessionLogService.appendSession.path;
const own = sessionBytes({ session_id: "own", daemon: "validatord-1" });
const foreign = sessionBytes({ session_id: "foreign", daemon: "mailsmith" });

describe("identities that change", () => {
  let server: TestServer;
  let directory: string;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "sessionlog-access-"));
    writeFileSync(join(directory, "auth.toml"), AUTH);
    server = await startTestServer({ auth: { file: join(directory, "auth.toml") } });
  });
  afterEach(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });

  function rewrite(text: string): void {
    writeFileSync(join(directory, "auth.toml"), text);
    server.service.reopen();
  }

  const ask = (token: string) => {
    const metadata = { authorization: `Bearer ${token}` };
    return server.client.append(own, { metadata });
  };

  test("a token that is taken out ends its open streams, and is refused; others go on", async () => {
    const signal = new AbortController().signal;
    const [goes, stays] = [tokens.read, tokens.admin].map((token) =>
      server.client.tail({ follow: true }, { signal, metadata: { authorization: `Bearer ${token}` } }),
    );
    const gone = goes?.next();
    const row = stays?.next();
    await expect.poll(() => server.logs.filter(({ msg }) => msg === "tail opened").length).toBe(2);
    rewrite(AUTH.replace(digest(tokens.read), digest("slt_new")));
    expect(await gone).toMatchObject({ done: true, value: { code_name: "UNAUTHENTICATED" } });
    expect(await ask(tokens.append)).toMatchObject({ ok: true });
    expect(await row).toMatchObject({ done: false });
  });

  test("a file that is wrong changes nothing, and is told at each SIGHUP", async () => {
    for (let times = 0; times < 2; times += 1) rewrite(AUTH.replace('["append"]', '["apend"]'));
    expect(await ask(tokens.append)).toMatchObject({ ok: true });
    const told = server.logs.filter(({ msg }) => String(msg).includes("not reloaded"));
    const reason = expect.stringMatching(/auth\.toml:5: identity validatord: roles\[0\]: expected one of/);
    expect(told).toMatchObject([{ reason }, { reason }]);
  });

  test.each([
    ["a role", AUTH.replace('roles = ["read"]', 'roles = ["append"]')],
    ["a daemon", AUTH.replace('["validatord-1"]', '["validatord-2"]')],
    ["nothing, but the identity", AUTH.replaceAll("analyst", "other")],
  ])("an identity that loses %s loses its open streams", async (_, text) => {
    const signal = new AbortController().signal;
    const metadata = { authorization: `Bearer ${tokens.read}` };
    const next = server.client.tail({ follow: true }, { signal, metadata }).next();
    await expect.poll(() => server.logs.filter(({ msg }) => msg === "tail opened")).toHaveLength(1);
    rewrite(AUTH);
    rewrite(text);
    expect(await next).toMatchObject({ done: true, value: { code_name: "UNAUTHENTICATED" } });
  });

  test("a reader of some daemons gets their rows only", async () => {
    await ask(tokens.append);
    await server.client.append(foreign, { metadata: { authorization: `Bearer ${tokens.admin}` } });
    const signal = new AbortController().signal;
    const tail = server.client.tail({ last: 10 }, { signal, metadata: { authorization: `Bearer ${tokens.read}` } });
    const found = [];
    for (let next = await tail.next(); next.done !== true; next = await tail.next()) found.push(next.value.sequence);
    expect(found).toEqual([1]);
  });

  test("a foreign daemon's record of a batch is refused alone", async () => {
    const metadata = { authorization: `Bearer ${tokens.append}` };
    const reply = await server.client.appendBatch([own, foreign], { metadata });
    expect(reply).toMatchObject({
      value: {
        results: [
          { outcome: { $case: "appended" } },
          { outcome: { value: { violations: [{ field: "record.daemon", reason: "NOT_ALLOWED" }] } } },
        ],
      },
    });
    expect(server.rows()).toHaveLength(1);
  });

  test.each([
    ["public", undefined, true],
    ["authenticated", undefined, false],
    ["authenticated", tokens.read, true],
    ["off", tokens.admin, false],
  ] as const)("reflection = %s, asked with the token %s", async (reflection, token, answered) => {
    const path = definitions.reflection.ServerReflectionInfo.path;
    const other = await startTestServer({ auth: { file: join(directory, "auth.toml"), reflection } });
    const metadata = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const reply = await other.client.unary(path, Buffer.from([0x3a, 0]), { metadata });
    await other.close();
    expect(reply.ok).toBe(answered);
    if (!reply.ok) expect(reply.code_name).toBe(token === undefined ? "UNAUTHENTICATED" : "UNIMPLEMENTED");
  });

  test("the log names the token that is refused, when it is known, and never the token itself", async () => {
    await ask(tokens.expired);
    await ask(tokens.read);
    const told = server.logs.filter(({ msg }) => msg === "a call was not let in");
    expect(told).toMatchObject([
      { reason: "expired_token", token_id: "old" },
      { reason: "role", token_id: "r" },
    ]);
    expect(JSON.stringify(server.logs)).not.toContain("slt_");
  });

  test.each(["constructor", "__proto__", "toString", "/", ""])(
    "the path %j is no method, and harms nothing",
    async (path) => {
      const session = connect(`http://${server.address}`);
      session.on("error", () => {});
      for (const type of ["application/grpc", "application/json"]) {
        const headers = { ":method": "POST", ":path": path, "content-type": type };
        const stream = session.request({ ...headers, authorization: `Bearer ${tokens.admin}` });
        stream
          .on("error", () => {})
          .resume()
          .end();
        await new Promise((resolve) => stream.once("close", resolve));
      }
      session.destroy();
      expect(await ask(tokens.append)).toMatchObject({ ok: true });
    },
  );

  test("JSON over HTTP is held to the same", async () => {
    const record = { session_id: "json", daemon: "validatord-1", kind: "fill", final_verdict: "infra_error" };
    const post = (headers: Record<string, string>) =>
      fetch(`http://${server.address}${APPEND}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ record }),
      });
    const nobody = await post({});
    expect([nobody.status, nobody.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect((await post({ authorization: `Bearer ${tokens.read}` })).status).toBe(403);
    expect((await post({ authorization: `Bearer ${tokens.append}` })).status).toBe(200);
  });

  test("a connection with many wrong credentials is cut; no token is logged", async () => {
    const outcomes = await Promise.all(Array.from({ length: 40 }, (_, index) => ask(`slt_wrong_${index}`)));
    expect(outcomes.every(({ ok }) => !ok)).toBe(true);
    const told = server.logs.filter(({ msg }) => msg === "a call was not let in");
    expect(told).toMatchObject([{ reason: "unknown_token", method: APPEND, peer: "127.0.0.1" }]);
    expect(server.logs).toContainEqual(expect.objectContaining({ limit: "credentials" }));
    expect(JSON.stringify(server.logs)).not.toContain("slt_");
  });
});
