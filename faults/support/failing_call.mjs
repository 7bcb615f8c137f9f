import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { startService } from "../../harness/server.mjs";
import { checksumComplaints, createInspector, isSettled } from "./files.mjs";
import { createLedger } from "./ledger.mjs";
import { after, againWhenFull, endWhenGone, retryOpen, startLoad, until } from "./load.mjs";
import { createRecords } from "./records.mjs";
import { readTrace, underStrace } from "./strace.mjs";

const args = ["--rotation-max-bytes", "64KiB", "--rotation-compress", "gzip"];
/** So many calls have more than 50 syncs in them. */
const CALLS_MAX = 200;

/**
 * @typedef {object} FailingCall
 * @property {string} call  a system call
 * @property {string} error  for example "EIO"
 * @property {string} when  which of the process's calls of that name, as strace takes it: "3", "3..5"
 */

/**
 * Two lives of a rotating service under load: in the first a system call fails, in the second all that was not acknowledged is
 * sent again, and the journal is checked.
 * @param {string} path  the log, in a directory that is made
 * @param {FailingCall} failing
 * @returns {Promise<{ code: number | string, log: string, failed: string, served: boolean, refused: number,
 *   figures: { acknowledged: number, rows: number, retried: number }, broken: string[] }>}  `code` and `log` of the
 *   first life, `failed`: the file that it failed on
 */
export async function liveWithFailingCall(path, { call, error, when }) {
  await mkdir(dirname(path));
  const trace = `${dirname(path)}.trace`;
  const ledger = createLedger();
  const options = ["-e", `trace=${call}`, "-e", `inject=${call}:error=${error}:when=${when}`];
  const first = await firstLife(path, { args, ...underStrace(trace, options) }, ledger);
  const injected = (await readTrace(trace)).filter((line) => line.injected);
  const failed = /[<"](.*?)[>"]/.exec(injected[0]?.text ?? "")?.[1] ?? "nothing";
  const broken = injected.length === 0 ? ["no call failed"] : [];
  const retried = ledger.open.size;

  const server = await startService(path, { args });
  try {
    await retryOpen(server.address, ledger);
    if ((await until(() => isSettled(path, true), 10_000, 50)) === undefined) broken.push("sealed segments wait");
  } finally {
    await server.stop();
  }
  const found = await createInspector(path).inspect(ledger);
  const { acknowledged, rows } = found.figures;
  broken.push(...found.broken, ...(await checksumComplaints(path, "in the end")));
  return { ...first, failed, figures: { acknowledged, rows, retried }, broken };
}

/** Until the failure ends it, or all calls are done. */
async function firstLife(path, options, ledger) {
  let server;
  try {
    server = await startService(path, options);
  } catch (error) {
    if (error.exit === undefined) throw error;
    return { code: error.exit, log: error.message, served: false, refused: 0 };
  }
  try {
    const onRefusal = (failure) =>
      failure.code_name === "UNAVAILABLE" ? endWhenGone(failure) : againWhenFull(failure);
    const next = createRecords("failing");
    const load = startLoad(server.address, {
      ledger,
      next,
      unary: 2,
      batch: 1,
      batch_rows: 20,
      calls_max: CALLS_MAX,
      onRefusal,
    });
    await load.ended;
    // After UNAVAILABLE it ends by itself.
    if (load.refusals.has("UNAVAILABLE")) await Promise.race([server.exited, after(5_000)]);
    else await until(() => isSettled(path, true), 2_000, 50);
    const refused = load.refusals.get("RESOURCE_EXHAUSTED") ?? 0;
    return { code: await server.stop(), log: server.stderr(), served: true, refused };
  } finally {
    await server.kill();
  }
}
