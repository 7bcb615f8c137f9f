import { describe, expect, test } from "vitest";
import { createJournalSender } from "../../../src/cli/ingest/to_journal.js";
import type { AppendOutcome } from "../../../src/journal/index.js";
import { createFakeTime } from "../support.js";

function senderTo(outcomeOf: (call: number) => AppendOutcome) {
  const time = createFakeTime();
  const stop = new AbortController();
  let calls = 0;
  const append = async () => {
    calls += 1;
    return outcomeOf(calls);
  };
  const send = createJournalSender({ journal: { append }, timeout_ms: 5000, stop: stop.signal, ...time });
  return { send: () => send([Buffer.from("{}\n")]), stop, pauses: time.pauses };
}

const full = { kind: "disk_full", message: "no room", retry_after_ms: 1000 } as const;
const stored = {
  kind: "appended",
  rows: [
    { sequence: 1, duplicate: false },
    { sequence: 1, duplicate: true },
  ],
} as const;

describe("createJournalSender", () => {
  test("createJournalSender tells new rows from duplicates, and waits for room", async () => {
    const { send, pauses } = senderTo((call) => (call < 4 ? full : stored));
    expect(await send()).toEqual({ ok: true, results: [{ kind: "appended" }, { kind: "duplicate" }] });
    expect(pauses).toEqual([1000, 1000, 1000]);
  });

  test("createJournalSender gives up when the time is over", async () => {
    const { send, pauses } = senderTo(() => full);
    expect(await send()).toEqual({ ok: false, message: "no progress for 5 s: no room" });
    expect(pauses).toEqual([1000, 1000, 1000, 1000]);
  });

  test("createJournalSender does not try again once the journal failed", async () => {
    const { send } = senderTo(() => ({ kind: "failed", message: "why", retry_after_ms: 1000 }));
    expect(await send()).toEqual({ ok: false, message: "why" });
  });

  test("createJournalSender stores nothing more once it is stopped", async () => {
    const { send, stop, pauses } = senderTo(() => stored);
    stop.abort();
    expect(await send()).toEqual({ ok: false, message: "stopped by a signal" });
    expect(pauses).toEqual([]);
  });
});
