import { expect, test } from "vitest";
import { settled } from "../../support/manual_clock.js";
import { openTestJournal, row } from "../support.js";

const CHECKSUMS = "/data/sessions.sha256";

test("maintenance tries again after five seconds, and logs a failure once", async () => {
  const { journal, disk, clock, log } = await openTestJournal();
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
});
