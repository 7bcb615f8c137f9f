// What the examples of other languages are to show: records in batches, the retry rule of clients/cases/failures.json, and no record lost or
// stored twice while the service is away.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { Metadata, Server, ServerCredentials, status } from "@grpc/grpc-js";
import { RetryInfo } from "@sessionlog/protocol/gen/google/rpc/error_details";
import { Status } from "@sessionlog/protocol/gen/google/rpc/status";
import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { startService } from "../harness/server.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";

/** Above what one batch of the examples has; the one with number 1,000 is refused. */
const RECORDS = 1_200;
/** How long a call with one record takes, so that those after it become a batch. */
const GATHER_MS = 300;
const MANY = 5;

/**
 * @typedef {(words: readonly string[]) => readonly string[]} CommandLine  the program and its words for `ADDRESS COUNT …`
 *
 * @param {CommandLine} commandLine
 * @param {string} cwd
 * @param {import("../harness/server.mjs").Server} server
 */
export async function* sendsBatches(commandLine, cwd, server) {
  yield await storesAll(commandLine, cwd, server);
  yield await waitsForTheService(commandLine, cwd);
  yield* keepsToTheRetryRule(commandLine, cwd);
}

async function storesAll(commandLine, cwd, { address, path }) {
  const before = rowsOf(path).length;
  const { output, errors } = await start(commandLine([address, `${RECORDS}`]), cwd).ended;
  const ids = rowsOf(path)
    .slice(before)
    .map((row) => row.session_id);
  const [counts] = readCounts(output);
  const good =
    counts?.stored === RECORDS - 1 &&
    counts.refused === 1 &&
    counts.dropped === 0 &&
    ids.length === RECORDS - 1 &&
    new Set(ids).size === ids.length &&
    /refused session [0-9a-f]{32} of example-/.test(errors);
  return {
    name: "example: all are stored but one",
    problem: good ? undefined : `${ids.length} rows\n${output}${errors}`,
  };
}

function waitsForTheService(commandLine, cwd) {
  return inTemporaryDirectory(async (directory) => {
    const path = `${directory}/sessions.jsonl`;
    const first = await startService(path);
    await first.stop();
    const program = start(commandLine([first.address, "20"]), cwd);
    await program.said("unavailable");
    const second = await startService(path, { args: ["--listen", first.address] });
    const { output, errors } = await program.ended;
    await second.stop();
    const good = readCounts(output)[0]?.stored === 20 && rowsOf(path).length === 20;
    return { name: "example: it waits for the service", problem: good ? undefined : `${output}${errors}` };
  });
}

/** One run, with a service for each line of the table, which fails the first call that has so many records. */
async function* keepsToTheRetryRule(commandLine, cwd) {
  // Without a spill file, who may not append loses its rows.
  const giveUp = (action) => (action === "spill" ? "give_up" : action);
  const table = JSON.parse(readFileSync(new URL("../clients/cases/failures.json", import.meta.url), "utf8"));
  const cases = table.flatMap((line) => [
    { ...line, records: 1, action: giveUp(line.one_row) },
    { ...line, records: MANY, action: giveUp(line.many_rows) },
  ]);
  const services = await Promise.all(cases.map(startFailing));
  const words = services.flatMap(({ address }, index) => [address, `${cases[index].records}`]);
  const { output, errors } = await start(commandLine(words), cwd).ended;
  for (const service of services) service.stop();
  const counts = readCounts(output);
  for (const [index, { status, retry_info, records, action }] of cases.entries()) {
    const { failed, sizes } = services[index];
    const expected = { split: [Math.floor(failed() / 2), Math.ceil(failed() / 2)], give_up: [] }[action] ?? [failed()];
    // Further calls have the records that came later.
    const after = sizes.slice(sizes.indexOf(failed()) + 1).slice(0, expected.length);
    const lost = action === "give_up" ? failed() : 0;
    const { stored, refused } = counts[index] ?? {};
    const good = `${after}` === `${expected}` && stored === records - lost && refused === lost;
    yield {
      name: `example: ${status}${retry_info ? " with RetryInfo" : ""}, ${records === 1 ? "one" : "many"}: ${action}`,
      problem: good ? undefined : `calls of ${sizes}; ${JSON.stringify(counts[index])}\n${errors.slice(0, 2_000)}`,
    };
  }
}

async function startFailing({ status: name, retry_info, records }) {
  const sizes = [];
  let failed = 0;
  const server = new Server();
  server.addService(SessionLogService, {
    appendSession: (_call, callback) => callback({ code: status.INTERNAL }),
    tailSessions: (call) => call.end(),
    batchAppendSessions({ request }, callback) {
      const size = request.records.length;
      sizes.push(size);
      if (failed === 0 && (records === 1 || size > 1)) {
        failed = size;
        callback({ code: status[name], details: "as the test has it", metadata: detailsOf(status[name], retry_info) });
      } else setTimeout(callback, size === 1 && failed === 0 ? GATHER_MS : 0, null, storedAll(request.records));
    },
  });
  const port = await new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { address: `127.0.0.1:${port}`, sizes, failed: () => failed, stop: () => server.forceShutdown() };
}

function storedAll(records) {
  const results = records.map(({ session_id, timestamp }, index) => ({
    outcome: { $case: "appended", value: { session_id, timestamp, sequence: index + 1, duplicate: false } },
  }));
  return { results };
}

function detailsOf(code, retry_info) {
  const metadata = new Metadata();
  if (!retry_info) return metadata;
  const value = RetryInfo.encode({ retry_delay: { seconds: 0, nanos: 1_000_000 } }).finish();
  const details = [{ type_url: "type.googleapis.com/google.rpc.RetryInfo", value }];
  const bytes = Status.encode({ code, message: "as the test has it", details }).finish();
  metadata.set("grpc-status-details-bin", Buffer.from(bytes));
  return metadata;
}

/** Starts a program. `said` resolves when standard error has had the text. */
function start([command, ...words], cwd) {
  const child = spawn(command, words, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  const waiting = [];
  child.stderr.setEncoding("utf8").on("data", (more) => {
    errors += more;
    for (const { part, resolve } of waiting) if (errors.includes(part)) resolve();
  });
  const ended = new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  return {
    said: (part) => Promise.race([ended, new Promise((resolve) => void waiting.push({ part, resolve }))]),
    ended: Promise.all([text(child.stdout), ended]).then(([output]) => ({ output, errors })),
  };
}

const rowsOf = (path) =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

// Maven resets colours, asked to have none or not.
const readCounts = (output) =>
  stripVTControlCharacters(output)
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
