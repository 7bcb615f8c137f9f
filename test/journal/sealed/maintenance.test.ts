import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { NO_OBSERVER } from "../../../src/journal/types.js";
import { COMPRESS, contentOf, SUFFIXES } from "../../support/compression.js";
import { settled } from "../../support/manual_clock.js";
import { createSimulatedDisk } from "../../support/simulated_disk.js";
import { openTestJournal, PATH, row } from "../support.js";

const CHECKSUMS = "/data/sessions.sha256";
const pad = (sequence: number) => String(sequence).padStart(20, "0");

test("maintenance tries again after five seconds, and logs a failure once", async () => {
  let failures = 0;
  const observer = { ...NO_OBSERVER, maintenanceFailed: () => void failures++ };
  const { journal, disk, clock, log } = await openTestJournal({ observer });
  await journal.append([row(1)]);
  const warnings = () =>
    log.entries.filter(({ message }) => message.startsWith("sealed segments cannot be maintained")).length;
  disk.failNext("rename", "EACCES", `${CHECKSUMS}.tmp`);
  disk.failNext("rename", "EACCES", `${CHECKSUMS}.tmp`);
  await journal.rotate();
  await expect.poll(warnings).toBe(1);
  expect(disk.content(CHECKSUMS)).toBeUndefined();
  await clock.advance(5_000);
  await settled();
  expect([warnings(), disk.content(CHECKSUMS)]).toEqual([1, undefined]);
  await clock.advance(5_000);
  await expect.poll(() => disk.content(CHECKSUMS)?.toString()).toMatch(/^[0-9a-f]{64} {2}sessions-\d/);
  expect(failures).toBe(2);
});

test.each(COMPRESS)("maintenance marks a segment that has odd lines (compress = %s)", async (compress) => {
  const disk = createSimulatedDisk();
  disk.put(PATH, Buffer.concat([row(1), Buffer.from('{"n":"odd"}\n'), row(3)]));
  const judged: string[] = [];
  const isOdd = (line: Buffer | undefined) => {
    judged.push(String(line));
    return line?.includes("odd") === true;
  };
  const { journal } = await openTestJournal({ disk, compress, isOdd });
  const list = () =>
    disk
      .content(CHECKSUMS)
      ?.toString()
      .replaceAll(/[0-9a-f]{64}/g, "…");
  const ending = `.jsonl${SUFFIXES[compress]}`;
  const name = (from: number, to: number) => `sessions-${pad(from)}-${pad(to)}${ending}`;
  const adopted = `…  ${name(1, 4)}\n# odd lines: ${name(1, 4)}\n`;
  await journal.append([row(4)]);
  await journal.rotate();
  await expect.poll(list).toBe(adopted);
  // Nothing of what this process has written is read again.
  judged.length = 0;
  await journal.append([row(5)]);
  await journal.rotate();
  await expect.poll(list).toBe(`${adopted}…  ${name(5, 5)}\n`);
  expect(judged).toEqual([]);
  await journal.append([row(6)]);
  await journal.drain();
  const next = await openTestJournal({ disk, compress, isOdd });
  await next.journal.rotate();
  await expect.poll(list).toBe(`${adopted}…  ${name(5, 5)}\n…  ${name(6, 6)}\n`);
  expect(judged).toEqual([row(6).toString().trimEnd()]);
});

test("configure applies rotation, compression and retention to an open journal, also to what is sealed already", async () => {
  const { journal, disk } = await openTestJournal();
  const segments = () => disk.paths().filter((path) => /-\d{20}\.jsonl(\.gz)?$/.test(path));
  const name = (sequence: number) => `/data/sessions-${pad(sequence)}-${pad(sequence)}.jsonl`;
  const unlimited = { max_age_ms: 0, max_segments: 0, max_bytes: 0 };
  await journal.append([row(1)]);
  await journal.rotate();
  await journal.append([row(2)]);
  await expect.poll(segments).toEqual([name(1)]);
  journal.configure({ rotation: { max_bytes: 1, interval: "none" }, compress: "gzip", retention: unlimited });
  await journal.append([row(3)]);
  await expect.poll(segments).toEqual([`${name(1)}.gz`, `${name(2)}.gz`]);
  const retention = { ...unlimited, max_segments: 1 };
  journal.configure({ rotation: { max_bytes: 0, interval: "none" }, compress: "none", retention });
  await journal.append([row(4)]);
  await expect.poll(segments).toEqual([`${name(2)}.gz`]);
});

test("maintenance judges a segment that another program added, and takes one that cannot be read for odd", async () => {
  const disk = createSimulatedDisk();
  disk.put(`/data/sessions-${pad(1)}-${pad(1)}.jsonl.gz`, "no gzip");
  disk.put(`/data/sessions-${pad(2)}-${pad(2)}.jsonl.gz`, gzipSync(row(2)));
  disk.put(`/data/sessions-${pad(3)}-${pad(3)}.jsonl.gz`, gzipSync("odd\n"));
  await openTestJournal({ disk });
  const odd = () =>
    disk
      .content(CHECKSUMS)
      ?.toString()
      .match(/(?<=^# odd lines: sessions-0*)[1-9]\d*/gm);
  await expect.poll(odd).toEqual(["1", "3"]);
});

test.each(COMPRESS)(
  "maintenance leaves one file of a segment whose compression was cut short (compress = %s)",
  async (compress) => {
    const disk = createSimulatedDisk();
    const name = (n: number) => `/data/sessions-${pad(n)}-${pad(n)}.jsonl`;
    for (const n of [1, 2]) disk.put(name(n), row(n));
    for (const suffix of [".gz", ".zst"]) disk.put(name(1) + suffix, "cut sh");
    // What has a checksum is whole.
    disk.put(`${name(2)}.gz`, gzipSync(row(2)));
    disk.put(CHECKSUMS, `${"0".repeat(64)}  ${name(2).slice("/data/".length)}.gz\n`);
    await openTestJournal({ disk, compress });
    const sealed = () => disk.paths().filter((path) => /-\d{20}\.jsonl/.test(path));
    await expect.poll(sealed).toEqual([name(1) + SUFFIXES[compress], `${name(2)}.gz`]);
    const content = disk.content(name(1) + SUFFIXES[compress]) ?? Buffer.alloc(0);
    expect(contentOf(name(1) + SUFFIXES[compress], content)).toEqual(row(1));
  },
);

test("retention removes a segment's Parquet copy before the segment, and does not count its bytes", async () => {
  const disk = createSimulatedDisk();
  const retention = { max_age_ms: 0, max_segments: 1, max_bytes: 1_000 };
  const { journal } = await openTestJournal({ disk, retention });
  await journal.append([row(1)]);
  await journal.rotate();
  const name = `/data/sessions-${pad(1)}-${pad(1)}`;
  await expect.poll(() => disk.content(CHECKSUMS)?.toString()).toContain("sessions-");
  disk.put(`${name}.parquet`, Buffer.alloc(10_000));
  await journal.append([row(2)]);
  await journal.rotate();
  await expect.poll(() => disk.paths().filter((path) => path.startsWith(name))).toEqual([]);
  const removed = disk.operations.flatMap(({ kind, path }) => (kind === "remove" && path.startsWith(name) ? path : []));
  expect(removed).toEqual([`${name}.parquet`, `${name}.jsonl`]);
  disk.put(`/data/sessions-${pad(2)}-${pad(2)}.parquet`, Buffer.alloc(10_000));
  await journal.append([row(3)]);
  await journal.drain();
  expect(disk.paths()).toContain(`/data/sessions-${pad(2)}-${pad(2)}.jsonl`);
});

test("maintenance waits while another process holds its lock; appends and sealing do not", async () => {
  const { journal, disk, clock } = await openTestJournal();
  const lock = await disk.lock("/data/sessions.maintenance.lock");
  for (const n of [1, 2]) {
    expect(await journal.append([row(n)])).toMatchObject({ kind: "appended" });
    await journal.rotate();
  }
  for (let tries = 0; tries < 100; tries++) await clock.advance(50);
  await settled();
  expect(disk.content(CHECKSUMS)).toBeUndefined();
  await lock?.release();
  await clock.advance(50);
  await expect
    .poll(
      () =>
        disk
          .content(CHECKSUMS)
          ?.toString()
          .match(/sessions-/g)?.length,
    )
    .toBe(2);
});

test("a journal that is drained no longer waits for the lock", async () => {
  const { journal, disk } = await openTestJournal();
  await disk.lock("/data/sessions.maintenance.lock");
  await journal.append([row(1)]);
  await journal.rotate();
  await journal.drain();
  expect([journal.state, disk.content(CHECKSUMS)]).toEqual(["closed", undefined]);
});
