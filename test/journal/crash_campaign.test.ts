import { appendFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { COMPRESSIONS } from "../support/compression.js";
import { type CampaignJournal, runCrashCampaign } from "../support/crash_campaign.js";

/** The long form sets how many runs each campaign makes, from which seed, and where its figures go. */
const { CRASH_RUNS, CRASH_SEED = "6", CRASH_FIGURES } = process.env;
const TIMEOUT_MS = CRASH_RUNS === undefined ? 60_000 : 3_600_000;

const rotating = { rotation: { max_bytes: 4000, interval: "none" }, compress: "gzip", dedupe_rows: 1000 } as const;
/** What is newest is what the fewest have used. */
const retaining = {
  ...rotating,
  compress: COMPRESSIONS.at(-1) ?? "gzip",
  retention: { max_age_ms: 0, max_segments: 2, max_bytes: 0 },
};

/** Each campaign in parts, so that a slow machine has time for each. */
const PARTS = [0, 1, 2, 3];
/** The short form crashes at each of these operations of many scenarios, the long form at every one. */
const STRIDE = CRASH_RUNS === undefined ? 17 : 1;

describe.each<{ doing: string; journal: CampaignJournal; runs: number }>([
  { doing: "appends", journal: {}, runs: 400 },
  { doing: "rotates, compresses and recognises repeated rows", journal: rotating, runs: 300 },
  { doing: "removes its oldest segments as well", journal: retaining, runs: 300 },
])(
  "createJournal keeps every acknowledged row through a crash at any operation while it $doing",
  ({ doing, journal, runs }) => {
    test.each(PARTS)(
      "part %i",
      async (index) => {
        const share = Math.ceil(Number(CRASH_RUNS ?? runs) / PARTS.length);
        const part = { index: index * STRIDE, of: PARTS.length * STRIDE };
        const result = await runCrashCampaign({ seed: Number(CRASH_SEED), runs: share, part, journal });
        if (CRASH_FIGURES !== undefined) appendFileSync(CRASH_FIGURES, `${JSON.stringify({ doing, ...result })}\n`);
        expect(result.violations).toEqual([]);
        expect(result.crashes_at_start).toBeGreaterThan(50);
        expect(result.torn_files).toBeGreaterThan(5);
      },
      TIMEOUT_MS,
    );
  },
);
