// What a daemon meets at a service with TLS and identities: with the built package, as clients/go/credentials_test.go and
// clients/python/tests/test_credentials.py have it.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSessionLogger } from "@sessionlog/client";
import { createAuthority } from "../../faults/support/certificates.mjs";
import { until } from "../../faults/support/load.mjs";
import { startService } from "../../harness/server.mjs";
import { inTemporaryDirectory } from "../../harness/temporary.mjs";

const OLD = "slt_old";
const NEW = "slt_new";
const TIMEOUT_MS = 30_000;
const accepted = (number) => ({ kind: "fill", final_verdict: "accepted", session_id: `session-${number}` });
const names = (count) => Array.from({ length: count }, (_, index) => `session-${index}`);

/** Runs `work` with a service that lets in OLD, with a role. */
function secured(role, unix, work) {
  return inTemporaryDirectory(async (directory) => {
    const pathOf = (name) => join(directory, name);
    const allow = (token) => {
      const sha256 = createHash("sha256").update(token).digest("hex");
      const identity = `[[identity]]\nname = "validatord"\nroles = ["${role}"]\n`;
      writeFileSync(pathOf("auth.toml"), `${identity}[[identity.token]]\nid = "${token}"\nsha256 = "${sha256}"\n`);
    };
    allow(OLD);
    const authority = await createAuthority();
    const { cert, key } = await authority.issue("log");
    for (const [name, pem] of Object.entries({ ca: authority.cert, cert, key }))
      writeFileSync(pathOf(`${name}.pem`), pem);
    const tls = ["--tls-cert", pathOf("cert.pem"), "--tls-key", pathOf("key.pem")];
    const args = ["--auth-file", pathOf("auth.toml"), ...(unix ? ["--listen", `unix:${pathOf("s")}`] : tls)];
    const server = await startService(pathOf("sessions.jsonl"), { args });
    const told = [];
    const spill_file = pathOf("spill.jsonl");
    const log = createSessionLogger(server.address, {
      daemon: "validatord",
      log: { info() {}, warn: (message) => told.push(message) },
      max_backoff_ms: 100,
      ...(unix ? {} : { tls: { ca_file: pathOf("ca.pem") } }),
      ...(role === "append" ? { token_file: pathOf("token") } : { token: OLD }),
      spill_file,
    });
    const idsOf = (path) =>
      readFileSync(path, "utf8")
        .split("\n")
        .slice(0, -1)
        .map((row) => JSON.parse(row).session_id);
    try {
      await work({
        log,
        told,
        useToken: (token) => writeFileSync(pathOf("token"), token),
        allow(token) {
          allow(token);
          process.kill(server.pid, "SIGHUP");
        },
        stored: () => idsOf(server.path),
        spilled: () => idsOf(spill_file),
      });
    } finally {
      await log.close(0);
      await server.kill();
    }
  });
}

async function renewed({ log, told, useToken, allow, stored }) {
  useToken(OLD);
  log.append(accepted(0));
  ok(await log.flush(TIMEOUT_MS));
  allow(NEW);
  let sent = 1;
  ok((await until(() => log.append(accepted(sent++)) ?? told.length > 0, TIMEOUT_MS, 5)) !== undefined);
  useToken(NEW);
  ok((await until(() => log.stats().appended === sent, TIMEOUT_MS, 5)) !== undefined, JSON.stringify(log.stats()));
  deepEqual(stored(), names(sent));
  equal(told.length, 1);
  match(told[0], /records are buffered: UNAUTHENTICATED: credentials are required$/);
}

async function waits({ log, told, useToken, spilled }) {
  useToken("unknown");
  for (let number = 0; number < 5; number++) log.append(accepted(number));
  ok((await until(() => told.length > 0, TIMEOUT_MS, 5)) !== undefined);
  equal(log.stats().buffered, 5);
  ok(!(await log.close(10)));
  deepEqual(spilled(), names(5));
}

async function denied({ log, told, stored, spilled }) {
  for (let number = 0; number < 5; number++) {
    log.append(accepted(number));
    ok(await log.flush(TIMEOUT_MS));
  }
  deepEqual([log.stats().spilled, log.stats().retried], [5, 0]);
  deepEqual([spilled(), stored(), told.length], [names(5), [], 1]);
  match(told[0], /PERMISSION_DENIED: validatord may not call BatchAppendSessions: it needs the role append or admin/);
}

export const credentialBehaviours = {
  "a token that is renewed, over TLS": () => secured("append", false, renewed),
  "a token that is renewed, on a Unix socket": () => secured("append", true, renewed),
  "a token that is not taken, until the end": () => secured("append", false, waits),
  "a role that may not append": () => secured("read", false, denied),
};
