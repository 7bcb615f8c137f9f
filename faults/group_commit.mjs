import { join } from "node:path";
import { startService } from "../harness/server.mjs";
import { createInspector } from "./support/files.mjs";
import { createLedger } from "./support/ledger.mjs";
import { startLoad } from "./support/load.mjs";
import { createReplyCounter } from "./support/lossy_proxy.mjs";
import { createRecords } from "./support/records.mjs";
import { hexBytes, readTrace, underStrace } from "./support/strace.mjs";

const CALLERS = 128;
const SYNCS_PER_ROW_MAX = 0.1;

/** @type {import("../harness/outcome.mjs").Campaign} */
export const groupCommit = {
  name: "group-commit",
  about: "seen by strace: no reply leaves before its fdatasync has returned; few of them serve many callers",
  async run({ long, directory }) {
    const alone = await trace(join(directory, "alone.jsonl"), 1, long ? 1000 : 150);
    const together = await trace(join(directory, "together.jsonl"), CALLERS, long ? 20_000 : 2_500);
    // What this campaign would say of a service that does not wait: it has to see every reply leave too early.
    const unsynced = await trace(join(directory, "written.jsonl"), 1, 50, ["--log-durability", "written"]);
    const broken = [...alone.broken, ...together.broken];
    if (unsynced.early !== unsynced.replies) broken.push("the control run was not seen to reply without a sync");
    for (const { callers, early } of [alone, together]) {
      if (early > 0) broken.push(`${callers} callers: ${early} replies left before their row was synced`);
    }
    if (alone.syncs < alone.rows) broken.push(`one caller: ${alone.syncs} fdatasyncs for ${alone.rows} rows`);
    const per_row = together.syncs / together.rows;
    if (per_row > SYNCS_PER_ROW_MAX) broken.push(`${CALLERS} callers: more than ${SYNCS_PER_ROW_MAX} fdatasyncs a row`);
    return {
      figures: {
        "replies to one caller": alone.replies,
        "its fdatasyncs": alone.syncs,
        [`replies to ${CALLERS} callers`]: together.replies,
        "their fdatasyncs": together.syncs,
        "a row": per_row.toFixed(4),
        "replies too early": alone.early + together.early,
        "of the control's replies": `${unsynced.early} of ${unsynced.replies}`,
      },
      broken,
    };
  },
};

async function trace(path, callers, calls_max, args = []) {
  const output = `${path}.trace`;
  // Whole buffers in hex: a reply is recognised by its frames, a row by its end of line.
  const options = ["-xx", "-s", "1000000", "-e", "trace=pwrite64,fdatasync,fsync,write,writev"];
  const server = await startService(path, { args, ...underStrace(output, options) });
  const ledger = createLedger();
  const broken = [];
  try {
    const onRefusal = ({ code_name, message }) => {
      throw new Error(`an append ended with ${code_name}: ${message}`);
    };
    await startLoad(server.address, { ledger, next: createRecords("group"), unary: callers, calls_max, onRefusal })
      .ended;
  } finally {
    const code = await server.stop();
    if (code !== 0) broken.push(`the service ended with ${code}`);
  }
  const found = await createInspector(path).inspect(ledger);
  const seen = follow(await readTrace(output), path);
  broken.push(...found.broken);
  // Otherwise the trace has not been understood.
  if (seen.replies !== ledger.acknowledged.size) broken.push(`${seen.replies} replies are in the trace`);
  if (seen.written !== found.figures.rows) broken.push(`${seen.written} rows are in the trace`);
  return { ...seen, callers, rows: found.figures.rows, broken };
}

/** Goes through the calls in the order in which they began and returned, and counts rows and replies. */
function follow(calls, path) {
  const counts = { written: 0, syncs: 0, replies: 0, early: 0 };
  const counters = new Map();
  let begun = 0; // rows that were written when the running sync began
  let synced = 0;
  let in_sync = false;
  for (const { name, text, begins, ends } of calls) {
    if (begins && text.includes(`<${path}>`)) {
      if (name === "pwrite64") counts.written += count(bytesOf(text), 0x0a);
      if (name === "fdatasync") {
        begun = counts.written;
        in_sync = true;
      }
    }
    if (name === "fdatasync" && in_sync && ends) {
      counts.syncs += 1;
      in_sync = false;
      if (/ = 0$/.test(text)) synced = begun;
    }
    const socket = begins ? /^\w+<(?:TCP|socket):[^>]*>+/.exec(text)?.[0] : undefined;
    if (socket === undefined) continue;
    if (!counters.has(socket)) counters.set(socket, createReplyCounter());
    const replies = counters.get(socket)(bytesOf(text));
    counts.replies += replies;
    // With one caller, reply n has to follow the sync of row n; with more, no more replies than synced rows can be true.
    counts.early += Math.min(replies, Math.max(0, counts.replies - synced));
  }
  return counts;
}

/** The bytes that a line of strace -xx shows; those of a writev's parts one after the other. */
function bytesOf(text) {
  return Buffer.concat([...text.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex]) => hexBytes(hex)));
}

function count(bytes, wanted) {
  let found = 0;
  for (const byte of bytes) if (byte === wanted) found += 1;
  return found;
}
