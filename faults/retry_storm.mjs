import { join } from "node:path";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { startService } from "../harness/server.mjs";
import { checksumComplaints, createInspector, isSettled } from "./support/files.mjs";
import { createLedger } from "./support/ledger.mjs";
import { after, until } from "./support/load.mjs";
import { createLossyProxy } from "./support/lossy_proxy.mjs";
import { createRecords } from "./support/records.mjs";

const args = ["--rotation-max-bytes", "128KiB", "--rotation-compress", "gzip"];
const LOSS = 0.3;
const CALLERS = 12;
const BATCH_ROWS = 20;
/** A record not acknowledged after this many tries counts as missing. */
const TRIES_MAX = 200;

/** @type {import("../harness/outcome.mjs").Campaign} */
export const retryStorm = {
  name: "retry-storm",
  about: "three of ten replies are lost on the way and every call is sent again, over restarts and rotations",
  async run({ long, random, directory }) {
    const lives = long ? 20 : 5;
    const path = join(directory, "sessions.jsonl");
    const storm = {
      ledger: createLedger(),
      next: createRecords("storm"),
      random,
      address: "",
      over: false,
      calls: 0,
      replies: 0,
      lost: 0,
      broken: [],
    };
    let server = await startService(path, { args });
    storm.address = server.address;
    const callers = Promise.all(Array.from({ length: CALLERS }, (_, index) => keepCalling(storm, index % 4 === 0)));
    callers.catch(() => undefined);
    try {
      for (let life = 1; life < lives; life += 1) {
        await Promise.race([after(random.int(500, 1500)), callers]);
        if (life % 2 === 0) await server.stop();
        else await server.kill();
        server = await startService(path, { args });
        storm.address = server.address;
      }
      await Promise.race([after(1000), callers]);
      storm.over = true;
      await callers;
      if ((await until(() => isSettled(path, true), 10_000)) === undefined) storm.broken.push("sealed segments wait");
    } finally {
      storm.over = true;
      const code = await server.stop();
      if (code !== 0) storm.broken.push(`the service ended with ${code}`);
    }
    const found = await createInspector(path).inspect(storm.ledger);
    const { calls, replies, lost, ledger, broken } = storm;
    const share = `${((100 * lost) / replies).toFixed(0)} %`;
    const figures = { lives, calls, "replies lost": share, ...found.figures, "duplicates told": ledger.duplicates };
    if (ledger.duplicates === 0) broken.push("no duplicate was told");
    return { figures, broken: [...broken, ...found.broken, ...(await checksumComplaints(path, "in the end"))] };
  },
};

/** One caller behind a proxy of its own, so that it knows whether it was its reply that was lost. */
async function keepCalling(storm, batches) {
  const { ledger, random, broken } = storm;
  const proxy = await createLossyProxy(() => random.chance(LOSS));
  let client = createApiClient(proxy.address);
  try {
    while (!storm.over) {
      const records = Array.from({ length: batches ? BATCH_ROWS : 1 }, storm.next);
      for (const record of records) ledger.send(record);
      await sendUntilAnswered(records);
    }
  } finally {
    client.close();
    proxy.close();
    storm.replies += proxy.replies;
    storm.lost += proxy.lost;
  }

  async function sendUntilAnswered(records) {
    let stored = false;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const lost_before = proxy.lost;
      proxy.forwardTo(storm.address);
      storm.calls += 1;
      const reply = await send(records.map(({ bytes }) => bytes));
      if (reply.ok) return settle(reply.value, stored);
      stored ||= proxy.lost > lost_before;
      // Others may restart the service at this moment, and a cut connection has more than one name.
      if (!["UNAVAILABLE", "CANCELLED", "INTERNAL"].includes(reply.code_name)) {
        broken.push(`a call ended with ${reply.code_name}: ${reply.message}`);
      }
      // A new client does not wait before it connects.
      client.close();
      client = createApiClient(proxy.address);
      await after(20);
    }
  }

  async function send(bytes) {
    if (batches) return client.appendBatch(bytes, { deadline_ms: 20_000 });
    const reply = await client.append(bytes[0], { deadline_ms: 20_000 });
    return reply.ok
      ? { ok: true, value: { results: [{ outcome: { $case: "appended", value: reply.value } }] } }
      : reply;
  }

  function settle({ results }, stored) {
    for (const { outcome } of results) {
      if (outcome?.$case !== "appended") throw new Error(`refused: ${JSON.stringify(outcome)}`);
      ledger.acknowledge(outcome.value);
      if (stored && !outcome.value.duplicate) {
        broken.push(`${outcome.value.session_id} was stored before its reply was lost, and no duplicate was told`);
      }
    }
  }
}
