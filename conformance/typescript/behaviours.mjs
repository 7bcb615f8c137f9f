// What a daemon meets in the life of a service: each against the real one, a process of its own.
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { runDaemon, runProgram, withService } from "./service.mjs";

const root = new URL("../..", import.meta.url).pathname;
const run = promisify(execFile);

const accepted = (number, fields) => ({
  kind: "fill",
  final_verdict: "accepted",
  session_id: `session-${number}`,
  ...fields,
});
const names = (count, first = 0) => Array.from({ length: count }, (_, index) => `session-${first + index}`);
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function eventually(condition) {
  const end_ms = performance.now() + 30_000;
  while (!condition()) {
    ok(performance.now() < end_ms, `not within 30 s: ${condition}`);
    await turn();
  }
}

async function downAtStart(service) {
  const log = service.logger();
  for (let number = 0; number < 100; number++) log.append(accepted(number));
  await eventually(() => log.stats().retried > 0);
  equal(log.stats().buffered, 100);
  await service.start();
  ok(await log.flush(20_000));
  equal(log.stats().appended, 100);
  deepEqual(service.ids(), names(100));
}

const restartedUnderLoad = (end) => async (service) => {
  await service.start();
  const log = service.logger({ batch_rows: 20 });
  let next = 0;
  const load = (async () => {
    while (next < 3_000) {
      for (let count = 0; count < 5; count++) log.append(accepted(next++));
      await turn();
    }
  })();
  for (const rows of [300, 900, 1_800]) {
    await eventually(() => log.stats().appended > rows);
    equal(await service[end](), end === "stop" ? 0 : "SIGKILL");
    await service.start();
  }
  await load;
  ok(await log.flush(60_000));
  const { appended, duplicate, refused, dropped, retried } = log.stats();
  deepEqual([appended + duplicate, refused, dropped], [3_000, 0, 0]);
  ok(retried > 0);
  deepEqual(service.ids(), names(3_000));
};

async function slow(service) {
  await service.start();
  const log = service.logger({ call_timeout_ms: 300 });
  log.append(accepted(0));
  ok(await log.flush(20_000));
  service.signal("SIGSTOP");
  const began_ms = performance.now();
  for (let number = 1; number < 200; number++) log.append(accepted(number));
  const took_ms = performance.now() - began_ms;
  await eventually(() => log.stats().retried > 0).finally(() => service.signal("SIGCONT"));
  // Far below one deadline: nothing waited for the service.
  ok(took_ms < 250, `${took_ms} ms`);
  ok(await log.flush(20_000));
  deepEqual(service.ids(), names(200));
}

async function fullDisk(service) {
  await service.start();
  const log = service.logger();
  log.append(accepted(0));
  ok(await log.flush(20_000));
  await service.limit(statSync(service.path).size + 100);
  for (let number = 1; number < 50; number++) log.append(accepted(number));
  await eventually(() => log.stats().retried > 0);
  equal(log.stats().buffered, 49);
  match(service.told.join(), /RESOURCE_EXHAUSTED/);
  const full = await log.appendAndWait(accepted(99), { deadline_ms: 200 });
  equal(full.code, "RESOURCE_EXHAUSTED");
  ok(full.retry_after_ms > 0);
  await service.limit(undefined);
  ok(await log.flush(30_000));
  deepEqual(service.ids(), names(50));
}

async function refusing(service) {
  await service.start();
  const log = service.logger();
  for (let number = 0; number < 20; number++) {
    log.append(accepted(number));
    log.append({ kind: "poem", final_verdict: "accepted" });
    log.append(accepted(number, { session_id: "not an id" }));
    log.append(accepted(number, { artifact: { n: Number.NaN } }));
  }
  ok(await log.flush(20_000));
  deepEqual([log.stats().appended, log.stats().refused], [20, 60]);
  equal(service.told.filter((line) => line.includes("record.kind NOT_ALLOWED")).length, 1);
  equal(service.told.filter((line) => line.includes("record.session_id INVALID_FORMAT")).length, 1);
  equal(service.told.filter((line) => line.includes("record.artifact NOT_FINITE")).length, 1);
  deepEqual(service.ids(), names(20));
}

const overflow = (which) => async (service) => {
  const log = service.logger({ buffer_rows: 100, batch_rows: 1, overflow: which });
  log.append(accepted(0));
  await eventually(() => log.stats().retried > 0);
  for (let number = 1; number < 1_000; number++) log.append(accepted(number));
  deepEqual([log.stats().buffered, log.stats().dropped], [100, 900]);
  await service.start();
  ok(await log.flush(20_000));
  // The first row was in flight all the time.
  deepEqual(service.ids(), ["session-0", ...names(99, which === "newest" ? 1 : 901)]);
};

async function closeWithRowsLeft(service) {
  const spill_file = join(service.directory, "spill.jsonl");
  const log = service.logger({ spill_file });
  for (let number = 0; number < 500; number++) log.append(accepted(number, { prompt: "\u2028 \udcff" }));
  ok(!(await log.close(300)));
  equal(log.stats().spilled, 500);
  await service.start();
  const { stdout } = await run(process.execPath, [
    `${root}dist/main.js`,
    "append",
    "--address",
    service.address,
    spill_file,
  ]);
  equal(stdout, "appended 500, duplicate 0, refused 0\n");
  deepEqual(service.ids(), names(500));
}

async function concurrent(service) {
  await service.start();
  const log = service.logger();
  let next = 0;
  const appender = async () => {
    while (next < 10_000) {
      log.append(accepted(next++));
      if (next % 3 === 0) await turn();
    }
  };
  await Promise.all(Array.from({ length: 32 }, appender));
  ok(await log.flush(60_000));
  equal(log.stats().appended, 10_000);
  deepEqual(service.ids(), names(10_000));
}

async function endsWithoutClosing(service) {
  await service.start();
  await runDaemon(service, {}, "");
  deepEqual(service.ids(), names(1_000));
}

async function endsWhileDown(service) {
  const spill_file = join(service.directory, "spill.jsonl");
  const { stderr } = await runDaemon(service, { spill_file, close_timeout_ms: 200 }, "");
  match(stderr, /1000 records could not be sent and are in/);
  equal(readFileSync(spill_file, "utf8").split("\n").length, 1_001);
}

async function exits(service) {
  const spill_file = join(service.directory, "spill.jsonl");
  await runDaemon(service, { spill_file }, "process.exit(0);");
  equal(readFileSync(spill_file, "utf8").split("\n").length, 1_001);
}

const KILL = 'process.kill(process.pid, "SIGKILL"); await new Promise(() => {});';

async function killedAfterFlush(service) {
  await service.start();
  const append = 'log.append({ kind: "fill", final_verdict: "accepted", session_id: "session-0" });';
  await rejects(runProgram(service, {}, `${append} ${KILL}`));
  equal(statSync(service.path).size, 0);
  await rejects(runProgram(service, {}, `${append} await log.flush(10_000); ${KILL}`));
  deepEqual(service.ids(), names(1));
}

/** Wherever a session is, its daemon leaves no row or one whole row. */
async function killedWithinSession(service) {
  await service.start();
  const steps = [
    'session.noJson("a");',
    "session.accept({ fills: [] });",
    "session.end();",
    "await log.flush(10_000);",
  ];
  for (let step = 0; step <= steps.length; step++) {
    const before = 'const session = log.startSession({ kind: "fill", trace_id: "session-0" });';
    await rejects(runProgram(service, {}, [before, ...steps.slice(0, step), KILL].join("\n")));
    if (step < steps.length) equal(statSync(service.path).size, 0);
  }
  deepEqual(service.ids(), names(1));
}

const behaviour = (work) => () => withService(work);

/** @type {Record<string, () => Promise<void>>} each rejects when it is not so */
export const behaviours = {
  "what was flushed survives a SIGKILL, and what was not does not": behaviour(killedAfterFlush),
  "a daemon that is killed within a session leaves no row or a whole one": behaviour(killedWithinSession),
  "the service is down at start": behaviour(downAtStart),
  "the service is killed and restarted under load": behaviour(restartedUnderLoad("kill")),
  "the service gets SIGTERM and is restarted under load": behaviour(restartedUnderLoad("stop")),
  "the service is slow": behaviour(slow),
  "the service's disk is full": behaviour(fullDisk),
  "the service refuses": behaviour(refusing),
  "the buffer overflows, the oldest go": behaviour(overflow("oldest")),
  "the buffer overflows, the newest go": behaviour(overflow("newest")),
  "close with rows left": behaviour(closeWithRowsLeft),
  "32 concurrent appenders, 10,000 rows": behaviour(concurrent),
  "a daemon that ends without closing": behaviour(endsWithoutClosing),
  "a daemon that ends while the service is down": behaviour(endsWhileDown),
  "a daemon that calls process.exit": behaviour(exits),
};
