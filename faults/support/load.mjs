import { createApiClient } from "@sessionlog/client/rpc/api_client";

const DEADLINE_MS = 20_000;

/**
 * @typedef {object} Load
 * @property {() => void} stop  no further calls; waits for those in progress
 * @property {Promise<void>} ended  rejects with what a caller could not make sense of
 * @property {number} replies  calls that were answered with OK
 * @property {Map<string, number>} refusals  how many calls ended otherwise, by code
 */

/**
 * @typedef {object} LoadOptions
 * @property {import("./ledger.mjs").Ledger} ledger
 * @property {() => import("./records.mjs").Sendable} next
 * @property {number} [unary]  callers of AppendSession
 * @property {number} [batch]  callers of BatchAppendSessions
 * @property {number} [batch_rows]
 * @property {number} [pause_ms]  between two calls of one caller
 * @property {(address: string) => Pick<import("@sessionlog/client/rpc/api_client").ApiClient, "append" | "appendBatch" | "close">} [connect]
 * @property {number} [calls_max]  total number of calls, after which it stops by itself
 * @property {(failure: import("@sessionlog/client/rpc/api_client").CallFailure) => "again" | "end"} onRefusal
 *   What to do with the same records; it throws at a refusal that must not be.
 */

/**
 * Puts a service under load until it is stopped, or every caller was told to end.
 * @param {string} address
 * @param {LoadOptions} options
 * @returns {Load}
 */
export function startLoad(address, options) {
  const { ledger, next, unary = 0, batch = 0, batch_rows = 40, pause_ms = 0, calls_max = Infinity } = options;
  const { connect = createApiClient } = options;
  let stopped = false;
  let calls = 0;
  const load = { stop, ended: undefined, replies: 0, refusals: new Map() };

  function stop() {
    stopped = true;
  }

  async function keepCalling(rows) {
    const client = connect(address);
    try {
      let records = [];
      while (!stopped && calls < calls_max) {
        calls += 1;
        if (records.length === 0) records = Array.from({ length: rows ?? 1 }, next);
        for (const record of records) ledger.send(record);
        const failure = rows === undefined ? await sendOne(client, records[0]) : await sendBatch(client, records);
        if (failure === undefined) {
          load.replies += 1;
          records = [];
        } else {
          load.refusals.set(failure.code_name, (load.refusals.get(failure.code_name) ?? 0) + 1);
          if (options.onRefusal(failure) === "end") return;
          await after(Math.min(failure.retry_after_ms ?? 50, 100));
        }
        if (pause_ms > 0) await after(pause_ms);
      }
    } finally {
      client.close();
    }
  }

  async function sendOne(client, { bytes }) {
    const reply = await client.append(bytes, { deadline_ms: DEADLINE_MS });
    if (!reply.ok) return reply;
    ledger.acknowledge(reply.value);
    return undefined;
  }

  async function sendBatch(client, records) {
    const reply = await client.appendBatch(
      records.map(({ bytes }) => bytes),
      { deadline_ms: DEADLINE_MS },
    );
    if (!reply.ok) return reply;
    for (const { outcome } of reply.value.results) {
      if (outcome?.$case !== "appended") throw new Error(`refused: ${JSON.stringify(outcome)}`);
      ledger.acknowledge(outcome.value);
    }
    return undefined;
  }

  const callers = [
    ...Array.from({ length: unary }, () => keepCalling(undefined)),
    ...Array.from({ length: batch }, () => keepCalling(batch_rows)),
  ];
  load.ended = Promise.all(callers).then(() => undefined);
  load.ended.catch(load.stop);
  return load;
}

/** The service is gone: nothing more is sent. Any other refusal is a failure of the campaign. */
export function endWhenGone(failure) {
  if (failure.code_name === "UNAVAILABLE") return "end";
  throw new Error(`a call ended with ${failure.code_name}: ${failure.message}`);
}

/** A full disk: the same records again, as the service said when. */
export function againWhenFull(failure) {
  if (failure.code_name === "RESOURCE_EXHAUSTED" && failure.retry_after_ms > 0) return "again";
  throw new Error(
    `a call ended with ${failure.code_name}, retry_after_ms ${failure.retry_after_ms}: ${failure.message}`,
  );
}

/**
 * Sends what is not acknowledged once more, with the same session_id and timestamp, until all of it is.
 * @param {string} address
 * @param {import("./ledger.mjs").Ledger} ledger
 */
export async function retryOpen(address, ledger) {
  const open = [...ledger.open.values()];
  if (open.length === 0) return;
  const next = () => open.pop();
  while (open.length > 0) {
    const rows = Math.min(open.length, 1000);
    const load = startLoad(address, { ledger, next, batch: 1, batch_rows: rows, calls_max: 1, onRefusal: refuseAll });
    await load.ended;
  }
}

function refuseAll(failure) {
  throw new Error(`a retry ended with ${failure.code_name}: ${failure.message}`);
}

/** @param {number} delay_ms */
export function after(delay_ms) {
  return new Promise((resolve) => setTimeout(resolve, delay_ms));
}

/**
 * Asks until the answer is true.
 * @param {() => boolean | Promise<boolean>} ask
 * @param {number} timeout_ms
 * @returns {Promise<number | undefined>} how long it took, in milliseconds; undefined when it took too long
 */
export async function until(ask, timeout_ms, pause_ms = 10) {
  const begun = performance.now();
  for (;;) {
    const yes = await ask();
    const passed = performance.now() - begun;
    if (yes) return passed;
    if (passed > timeout_ms) return undefined;
    await after(pause_ms);
  }
}
