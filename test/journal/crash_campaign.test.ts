import { expect, test } from "vitest";
import { runCrashCampaign } from "../support/crash_campaign.js";

test("createJournal keeps every acknowledged row through a crash at any operation", async () => {
  const result = await runCrashCampaign({ seed: 6, runs: 1500 });
  expect(result.violations).toEqual([]);
  expect(result.crashes_at_start).toBeGreaterThan(500);
  expect(result.torn_files).toBeGreaterThan(50);
});

test("createJournal keeps every acknowledged row while it rotates, compresses and recognises repeated rows", async () => {
  const journal = {
    rotation: { max_bytes: 4000, interval: "none" },
    compress: "gzip",
    dedupe_rows: 1000,
  } as const;
  const result = await runCrashCampaign({ seed: 7, runs: 800, journal });
  expect(result.violations).toEqual([]);
});
