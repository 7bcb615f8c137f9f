import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { makeRoster } from "../../examples/generator/roster.mjs";
import { rowOf } from "../../examples/generator/row.mjs";
import { makeSessions } from "../../examples/generator/sessions.mjs";
import { whileMounted } from "../support/mount.mjs";
import { underStrace } from "../support/strace.mjs";

const main = new URL("../../dist/main.js", import.meta.url).pathname;
const SEGMENTS = 4;
const SEGMENT_ROWS = 250;
/** What fails on the journal's files, with what, and up to which of a thread's calls of that name. */
const FAULTS = [
  { call: "write", error: "ENOSPC", calls: 20 },
  { call: "write", error: "EIO", calls: 20 },
  { call: "pwrite64", error: "ENOSPC", calls: 4 },
  { call: "fdatasync", error: "EIO", calls: 8 },
  { call: "fsync", error: "EIO", calls: 6 },
  { call: "rename", error: "EIO", calls: 8 },
  { call: "unlink", error: "EIO", calls: 1 },
];
/** At these calls the process is killed, too, so that each state between two of them is met. */
const KILLED_AT = ["write", "fdatasync", "fsync", "rename"];

/** @type {import("../../harness/outcome.mjs").Campaign} */
export const compactKill9 = {
  name: "compact-kill9",
  about:
    "SIGKILL of compact, at any time and at its calls; questions have the same answer, and the next run completes it",
  async run({ long, random, directory }) {
    const journal = await makeJournal(directory, random);
    let whole_ms = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 3; run += 1) {
      await journal.loseCopies();
      const begun = performance.now();
      await journal.compact();
      whole_ms = Math.min(whole_ms, performance.now() - begun);
    }
    const broken = await journal.complaints("before");
    const kills = long ? 100 : 6;
    const figures = { kills: 0, "ended before": 0, "half files": 0, copies: 0 };
    for (let run = 0; figures.kills < kills && run < 4 * kills && broken.length === 0; run += 1) {
      const at_call = run % 2 === 1;
      await journal.loseCopies(at_call ? random : undefined);
      const call = KILLED_AT[random.int(0, KILLED_AT.length - 1)];
      const when = random.int(1, 2);
      const options = [...journal.files, "-e", `trace=${call}`, "-e", `inject=${call}:signal=SIGKILL:when=${when}`];
      const running = at_call
        ? journal.compact(underStrace(join(directory, "trace"), options))
        : journal.compact({ kill_after_ms: random.int(Math.round(whole_ms / 4), Math.round(whole_ms * 0.8)) });
      const { code } = await running;
      figures[code === 0 ? "ended before" : "kills"] += 1;
      const names = await readdir(journal.directory);
      figures["half files"] += names.filter((name) => name.endsWith(".parquet.tmp")).length;
      figures.copies += names.filter((name) => name.endsWith(".parquet")).length;
      broken.push(...(await journal.complaints(at_call ? `killed at ${call} ${when}` : "killed")));
    }
    if (figures.kills < kills) broken.push(`it was killed ${figures.kills} times only`);
    broken.push(...(await journal.completed()));
    return { figures, broken };
  },
};

/** @type {import("../../harness/outcome.mjs").Campaign} */
export const compactErrors = {
  name: "compact-errors",
  about: "writes, syncs, renames and removals of compact fail with ENOSPC and EIO; questions have the same answer",
  async run({ long, random, directory }) {
    const journal = await makeJournal(directory, random);
    const broken = [];
    const figures = { runs: 0, failed: 0, "ended well": 0 };
    for (const { call, error, calls } of FAULTS) {
      for (let run = 0; run < (long ? calls : 1); run += 1) {
        await journal.loseCopies(random);
        if (call === "unlink") await writeFile(join(journal.directory, `${journal.copies[0]}.tmp`), "half");
        const when = long ? run + 1 : random.int(1, calls);
        const options = [...journal.files, "-e", `trace=${call}`, "-e", `inject=${call}:error=${error}:when=${when}`];
        const { code, stderr } = await journal.compact(underStrace(join(directory, "trace"), options));
        figures.runs += 1;
        figures[code === 0 ? "ended well" : "failed"] += 1;
        const what = `${call} ${error} ${when}`;
        if (code !== 0 && code !== 1) broken.push(`${what}: ended with ${code}`);
        if (code === 1 && !/^sessionlog: /m.test(stderr)) broken.push(`${what}: does not say why: ${stderr}`);
        broken.push(...(await journal.complaints(what)));
      }
    }
    broken.push(...(await journal.completed()));
    return { figures, broken };
  },
};

/** @type {import("../../harness/outcome.mjs").Campaign} */
export const compactFullDisk = {
  name: "compact-full-disk",
  about: "compact on a file system that has no room for the copies",
  may_skip: true,
  run({ random, directory }) {
    const disk = join(directory, "disk");
    return whileMounted(["-t", "tmpfs", "-o", "size=400k", "sessionlog-compact"], disk, async () => {
      const journal = await makeJournal(disk, random);
      const { code, stderr } = await journal.compact();
      const names = await readdir(journal.directory);
      const broken = await journal.complaints("on a full disk");
      if (code !== 1 || !/No space left|ENOSPC/.test(stderr)) broken.push(`ended with ${code}: ${stderr}`);
      if (names.some((name) => name.endsWith(".parquet.tmp"))) broken.push("a half file is left");
      const copies = names.filter((name) => name.endsWith(".parquet")).length;
      if (copies === SEGMENTS) broken.push("there was room for all copies");
      return { figures: { runs: 1, copies }, broken };
    });
  },
};

/** A journal with gzipped segments, and what is asked of it. */
async function makeJournal(parent, random) {
  const { readJournal } = await import("../../dist/query/index.js");
  const { EVERY_SESSION } = await import("../../dist/query/filter.js");
  const directory = join(parent, "journal");
  await mkdir(directory);
  const sessions = makeSessions(random, makeRoster(random, 60), (SEGMENTS + 1) * SEGMENT_ROWS);
  const rows = sessions.map((session) => `${rowOf(session)}\n`);
  const digests = new Map();
  for (let first = 0; first < SEGMENTS * SEGMENT_ROWS; first += SEGMENT_ROWS) {
    const name = `sessions-${pad(first + 1)}-${pad(first + SEGMENT_ROWS)}.jsonl.gz`;
    const bytes = gzipSync(rows.slice(first, first + SEGMENT_ROWS).join(""));
    await writeFile(join(directory, name), bytes);
    digests.set(name, digestOf(bytes));
  }
  await writeFile(join(directory, "sessions.jsonl"), rows.slice(SEGMENTS * SEGMENT_ROWS).join(""));
  const checksums = [...digests].map(([name, digest]) => `${digest}  ${name}\n`).join("");
  await writeFile(join(directory, "sessions.sha256"), checksums);
  const copies = [...digests.keys()].map((name) => name.replace(".jsonl.gz", ".parquet"));
  const expected = await ask();

  async function ask() {
    const options = { paths: [directory], filter: EVERY_SESSION, tables: [], variables: {}, output: undefined };
    const { value, warnings, incomplete } = await readJournal(
      { ...options, memory_bytes: 512 * 1024 ** 2, signal: new AbortController().signal },
      async (reader) => {
        const { batches } = await reader.select(
          "SELECT count(*), count(DISTINCT session_id), sum(hash(s)) FROM sessions AS s",
        );
        for await (const [row] of batches()) return row.join(" ");
        return "";
      },
    );
    return [value, incomplete, ...warnings].join("; ");
  }

  return {
    directory,
    copies,
    /** For strace: only calls that are about these. */
    files: [
      directory,
      ...["sessions.parquet.sha256", ...copies].flatMap((name) => [
        join(directory, name),
        join(directory, `${name}.tmp`),
      ]),
    ].flatMap((path) => ["-P", path]),
    /** Runs compact; a process group of its own is killed after so long, the program and its child. */
    async compact({ prefix = [], env = {}, kill_after_ms } = {}) {
      const [program, ...args] = [...prefix, process.execPath, main, "compact", "--path", directory];
      const child = spawn(program, args, {
        stdio: ["ignore", "ignore", "pipe"],
        env: { ...process.env, ...env },
        detached: kill_after_ms !== undefined,
      });
      let stderr = "";
      child.stderr.on("data", (text) => {
        stderr += text;
      });
      const timer =
        kill_after_ms === undefined ? undefined : setTimeout(() => process.kill(-child.pid, "SIGKILL"), kill_after_ms);
      const [code, signal] = await once(child, "close");
      clearTimeout(timer);
      return { code: code ?? signal, stderr };
    },
    /** So that there is something to do: loses all copies, or some at random. */
    async loseCopies(random) {
      const lost = copies.filter((_, index) => index === 0 || random === undefined || random.chance(0.5));
      for (const name of lost) await rm(join(directory, name), { force: true });
    },
    /** What is wrong: another answer, a segment that is not as it was. */
    async complaints(when) {
      const problems = [];
      const answer = await ask();
      if (answer !== expected) problems.push(`${when}: ${answer}, expected ${expected}`);
      for (const [name, digest] of digests) {
        const bytes = await readFile(join(directory, name)).catch(() => undefined);
        if (bytes === undefined || digestOf(bytes) !== digest) problems.push(`${when}: ${name} is not as it was`);
      }
      return problems;
    },
    /** The next run makes all copies, and leaves nothing else. */
    async completed() {
      const { code, stderr } = await this.compact();
      const names = await readdir(directory);
      const listed = await readFile(join(directory, "sessions.parquet.sha256"), "utf8");
      const problems = await this.complaints("in the end");
      if (code !== 0) problems.push(`the last run ended with ${code}: ${stderr}`);
      if (names.some((name) => name.endsWith(".tmp"))) problems.push(`it leaves ${names.join(" ")}`);
      for (const name of copies) {
        const digest = digestOf(await readFile(join(directory, name)));
        if (!listed.includes(`${digest}  ${name}\n`)) problems.push(`${name} is not listed as it is`);
      }
      return problems;
    },
  };
}

const pad = (sequence) => String(sequence).padStart(20, "0");
const digestOf = (bytes) => createHash("sha256").update(bytes).digest("hex");
