import { expect, test } from "vitest";
import { createNotices } from "../../src/delivery/diagnostics.js";

function setUp() {
  const told: string[] = [];
  const notices = createNotices({
    info: (message) => void told.push(message),
    warn: (message) => void told.push(message),
  });
  return { told, notices };
}

const violation = (field: string, description = "d") => ({ field, description, reason: "NOT_ALLOWED" });

test("refused tells each set of fields and reasons once, whatever the index and the words", () => {
  const { told, notices } = setUp();
  notices.refused([violation("record.attempts[0].error"), violation("record.kind")], 7);
  notices.refused([violation("record.kind", "other"), violation("record.attempts[12].error")], 2);
  notices.refused([violation("record.kind")], 1);
  expect(told).toEqual([]);
  notices.tell();
  expect(told).toEqual([
    "session log: a record is refused: record.attempts[0].error NOT_ALLOWED: d; record.kind NOT_ALLOWED: d; and 5 more; more like it are counted, not told",
    "session log: a record is refused: record.kind NOT_ALLOWED: d; more like it are counted, not told",
  ]);
});

test("outage is told once for each status and message, whatever the digits, and its end", () => {
  const { told, notices } = setUp();
  notices.recovered();
  for (let port = 0; port < 10; port++) {
    notices.outage("UNAVAILABLE", `refused by port ${port}`);
    notices.outage("RESOURCE_EXHAUSTED", `queue of ${port} rows`);
  }
  notices.outage("UNAVAILABLE", "certificate has expired");
  notices.recovered();
  notices.outage("UNAVAILABLE", "refused by port 1");
  notices.tell();
  const wait = "session log: rows wait, as the service does not take them: ";
  expect(told).toEqual([
    `${wait}UNAVAILABLE: refused by port 0`,
    `${wait}RESOURCE_EXHAUSTED: queue of 0 rows`,
    `${wait}UNAVAILABLE: certificate has expired`,
    "session log: the service takes rows again",
    `${wait}UNAVAILABLE: refused by port 1`,
  ]);
});

test("outage is told five times at most until its end", () => {
  const { told, notices } = setUp();
  for (const letter of "abcdefgh") notices.outage("UNAVAILABLE", letter);
  notices.recovered();
  notices.outage("UNAVAILABLE", "a");
  notices.tell();
  expect(told).toHaveLength(7);
});

test("dropped is told each minute at most", () => {
  const { told, notices } = setUp();
  notices.dropped(0, 0);
  notices.dropped(2, 0);
  notices.dropped(5, 59_999);
  notices.dropped(5, 60_000);
  notices.tell();
  expect(told).toEqual([2, 3].map((count) => `session log: ${count} rows are lost, as the buffer is full`));
});

test("tell survives a log that throws, and bounds what it remembers", () => {
  const notices = createNotices({
    info: () => undefined,
    warn: () => {
      throw new Error("full");
    },
  });
  for (let reason = 0; reason < 2_000; reason++) notices.once(`${reason}`, "m");
  expect(() => notices.tell()).not.toThrow();
});
