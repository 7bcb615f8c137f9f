import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { rename, writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { createServiceClient } from "@sessionlog/client/rpc/service_client";
import { startService } from "../harness/server.mjs";
import { createAuthority } from "./support/certificates.mjs";
import { createInspector } from "./support/files.mjs";
import { createLedger } from "./support/ledger.mjs";
import { startLoad, until } from "./support/load.mjs";
import { createRecords } from "./support/records.mjs";

const REVOKED = "slt_of_the_identity_that_comes_and_goes";
const TAKEN_MS = 30_000;
/** Connections that are open all the time. */
const OPEN = 8;

/** @type {import("../harness/outcome.mjs").Campaign} */
export const reload = {
  name: "reload",
  about:
    "tokens, identities and certificates replaced under load, certificates in two halves: no call or connection is lost",
  async run({ long, random, directory }) {
    const times = long ? 200 : 12;
    const setup = await createSetup(directory);
    const broken = [];
    const figures = { reloads: 0, "half replaced": 0, "revoked calls": 0, "connections made": 0, "slowest ms": 0 };
    const server = await startService(join(directory, "sessions.jsonl"), { args: setup.args });
    const ledger = createLedger();
    const connect = (options) => setup.connect(server.address, options);
    const load = startLoad(server.address, {
      ledger,
      next: createRecords("reload"),
      unary: 6,
      batch: 2,
      pause_ms: 2,
      connect: () => connect({ token_file: setup.token_file }),
      onRefusal({ code_name, message }) {
        throw new Error(`a call of an identity that stays ended with ${code_name}: ${message}`);
      },
    });
    const revoked = connect({ token: REVOKED });
    const open = await Promise.all(Array.from({ length: OPEN }, () => openSession(server.address, setup.ca, broken)));
    const tail = followTail(connect({ token_file: setup.token_file }), broken);

    /** After SIGHUP, until a look says that it is taken. */
    async function take(what, isTaken) {
      const reloads = figures.reloads++;
      process.kill(server.pid, "SIGHUP");
      const took_ms = await until(isTaken, TAKEN_MS, 5);
      if (took_ms === undefined) broken.push(`reload ${reloads}: ${what} was not taken within ${TAKEN_MS} ms`);
      else figures["slowest ms"] = Math.max(figures["slowest ms"], Math.round(took_ms));
    }
    const callRevoked = async () => {
      const reply = await revoked.append(setup.probe(), { validate_only: true });
      return reply.ok ? "OK" : reply.code_name;
    };
    const fingerprint = () => handshake(server.address, setup.ca, figures);

    try {
      for (let time = 0; time < times && broken.length === 0; time += 1) {
        const is_let_in = time % 2 === 0;
        // The new token first in the service, then in the client's file, then the old one is taken out.
        const token = setup.newToken();
        await setup.identities([setup.token(), token], is_let_in);
        await take("the identity", async () => (await callRevoked()) === (is_let_in ? "OK" : "UNAUTHENTICATED"));
        await setup.useToken(token);
        if (!is_let_in) figures["revoked calls"] += 1;

        const pair = await setup.authority.issue(`log-${time}`);
        const before = await fingerprint();
        await replace(setup.files.cert, pair.cert);
        process.kill(server.pid, "SIGHUP");
        figures["half replaced"] += 1;
        for (let tries = random.int(1, 4); tries > 0; tries -= 1) {
          if ((await fingerprint()) !== before) broken.push("a certificate without its key was taken");
        }
        await replace(setup.files.key, pair.key);
        await take("the certificate", async () => (await fingerprint()) !== before);
      }
    } finally {
      load.stop();
      await load.ended.catch((error) => broken.push(error.message));
      await tail.stop();
      for (const session of open) session.end();
      revoked.close();
      const code = await server.stop();
      if (code !== 0) broken.push(`the service ended with ${code}`);
    }
    const found = await createInspector(server.path).inspect(ledger);
    return {
      figures: {
        ...figures,
        calls: load.replies,
        ...found.figures,
        "calls failed": sum(load.refusals),
        "rows tailed": tail.rows(),
      },
      broken: [...broken, ...found.broken],
    };
  },
};

const sum = (counts) => [...counts.values()].reduce((total, count) => total + count, 0);

/** The files of a service with TLS and identities, and of its clients. */
async function createSetup(directory) {
  const authority = await createAuthority();
  const pathOf = (name) => join(directory, name);
  const files = { cert: pathOf("cert.pem"), key: pathOf("key.pem"), auth: pathOf("auth.toml"), ca: pathOf("ca.pem") };
  const token_file = pathOf("token");
  const sha256 = (text) => createHash("sha256").update(text).digest("hex");
  const block = (text) => `[[identity.token]]\nid = "${sha256(text).slice(0, 8)}"\nsha256 = "${sha256(text)}"\n`;
  let current = `slt_${randomBytes(32).toString("base64url")}`;
  const pair = await authority.issue("log");
  const setup = {
    authority,
    files,
    token_file,
    ca: authority.cert,
    args: ["--tls-cert", files.cert, "--tls-key", files.key, "--auth-file", files.auth],
    token: () => current,
    newToken: () => `slt_${randomBytes(32).toString("base64url")}`,
    async useToken(token) {
      current = token;
      await replace(token_file, token);
    },
    identities: (tokens, with_revoked) =>
      replace(
        files.auth,
        `[[identity]]\nname = "stays"\nroles = ["admin"]\n${tokens.map(block).join("")}${
          with_revoked ? `[[identity]]\nname = "goes"\ndaemons = ["*"]\nroles = ["append"]\n${block(REVOKED)}` : ""
        }`,
      ),
    probe: () => createRecords("probe")().bytes,
    connect: (address, { token = "", token_file = "" }) =>
      createServiceClient({
        address,
        token,
        token_file,
        tls: { ca_file: files.ca },
        insecure_token: false,
        channel_options: { "grpc.use_local_subchannel_pool": 1 },
      }),
  };
  await Promise.all([
    writeFile(files.ca, authority.cert),
    replace(files.cert, pair.cert),
    replace(files.key, pair.key),
    setup.useToken(current),
    setup.identities([current], false),
  ]);
  return setup;
}

/** At once: no reader sees half of it. */
async function replace(file, text) {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** A connection that is to stay open until `end`. */
async function openSession(address, ca, broken) {
  const session = connectHttp2(`https://${address}`, { ca });
  await once(session, "connect");
  let ending = false;
  session.on("error", () => {});
  session.on("close", () => {
    if (!ending) broken.push("a connection that was open was dropped");
  });
  const pings = setInterval(() => session.ping(() => {}), 1_000).unref();
  return {
    end() {
      ending = true;
      clearInterval(pings);
      session.close();
    },
  };
}

/** Makes a connection. @returns {Promise<string>} the fingerprint of the service's certificate */
async function handshake(address, ca, figures) {
  const [host, port] = address.split(":");
  const socket = connectTls({ host, port: Number(port), ca, ALPNProtocols: ["h2"] });
  await once(socket, "secureConnect");
  figures["connections made"] += 1;
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

/** A tail that goes on all the time; it begins again, without a gap, when the token that it came with is taken out. */
function followTail(client, broken) {
  const ending = new AbortController();
  let next = 1;
  async function follow() {
    while (!ending.signal.aborted) {
      const messages = client.tail({ follow: true, from_sequence: next }, { signal: ending.signal });
      for (let turn = await messages.next(); ; turn = await messages.next()) {
        if (turn.done) {
          const ok = ending.signal.aborted || turn.value?.code_name === "UNAUTHENTICATED";
          if (!ok) broken.push(`the tail ended with ${turn.value?.code_name}: ${turn.value?.message}`);
          break;
        }
        if (turn.value.sequence !== next) broken.push(`the tail had ${turn.value.sequence} after ${next - 1}`);
        next = turn.value.sequence + 1;
      }
    }
  }
  const ended = follow();
  return {
    rows: () => next - 1,
    async stop() {
      ending.abort();
      await ended;
      client.close();
    },
  };
}
