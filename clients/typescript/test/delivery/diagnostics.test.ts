import { expect, test } from "vitest";
import { createDiagnostics } from "../../src/delivery/diagnostics.js";

function setUp() {
  const told: string[] = [];
  const diagnostics = createDiagnostics({
    info: (message) => void told.push(message),
    warn: (message) => void told.push(message),
  });
  return { told, diagnostics };
}

const name = { session_id: "s-1", daemon: "fill" };
const violation = (field: string, description = "d") => ({ field, description, reason: "NOT_ALLOWED" });

test("refused logs each set of fields and reasons once, whatever the index and the words", () => {
  const { told, diagnostics } = setUp();
  diagnostics.refused(name, [violation("record.attempts[0].error"), violation("record.kind")], 7);
  diagnostics.refused(name, [violation("record.kind", "other"), violation("record.attempts[12].error")], 2);
  diagnostics.refused(name, [violation("record.kind")], 1);
  expect(told).toEqual([]);
  diagnostics.write();
  expect(told).toEqual([
    "session log: record refused: session_id s-1, daemon fill: record.attempts[0].error NOT_ALLOWED: d; record.kind NOT_ALLOWED: d; and 5 more; further ones are only counted",
    "session log: record refused: session_id s-1, daemon fill: record.kind NOT_ALLOWED: d; further ones are only counted",
  ]);
});

test("outage is logged once for each status and message, whatever the digits, and its end", () => {
  const { told, diagnostics } = setUp();
  diagnostics.recovered();
  for (let port = 0; port < 10; port++) {
    diagnostics.outage("UNAVAILABLE", `refused by port ${port}`);
    diagnostics.outage("RESOURCE_EXHAUSTED", `queue of ${port} rows`);
  }
  diagnostics.outage("UNAVAILABLE", "certificate has expired");
  diagnostics.recovered();
  diagnostics.outage("UNAVAILABLE", "refused by port 1");
  diagnostics.write();
  const wait = "session log: service unavailable, records are buffered: ";
  expect(told).toEqual([
    `${wait}UNAVAILABLE: refused by port 0`,
    `${wait}RESOURCE_EXHAUSTED: queue of 0 rows`,
    `${wait}UNAVAILABLE: certificate has expired`,
    "session log: service available again",
    `${wait}UNAVAILABLE: refused by port 1`,
  ]);
});

test("outage is logged at most five times until its end", () => {
  const { told, diagnostics } = setUp();
  for (const letter of "abcdefgh") diagnostics.outage("UNAVAILABLE", letter);
  diagnostics.recovered();
  diagnostics.outage("UNAVAILABLE", "a");
  diagnostics.write();
  expect(told).toHaveLength(7);
});

test("dropped is logged at most once a minute", () => {
  const { told, diagnostics } = setUp();
  diagnostics.dropped(0, 0);
  diagnostics.dropped(2, 0);
  diagnostics.dropped(5, 59_999);
  diagnostics.dropped(5, 60_000);
  diagnostics.write();
  expect(told).toEqual([2, 3].map((count) => `session log: ${count} records lost: the buffer is full`));
});

test("write survives a log that throws, and bounds what it remembers", () => {
  const diagnostics = createDiagnostics({
    info: () => undefined,
    warn: () => {
      throw new Error("full");
    },
  });
  for (let reason = 0; reason < 2_000; reason++) diagnostics.once(`${reason}`, "m");
  expect(() => diagnostics.write()).not.toThrow();
});

test("stored is logged once, called with debug only, and last_error is the last of all", () => {
  const { told, diagnostics } = setUp();
  expect(diagnostics.last_error).toBe("");
  diagnostics.stored();
  diagnostics.stored();
  diagnostics.called(3, 1.4, "OK");
  diagnostics.outage("UNAVAILABLE", "connect ECONNREFUSED");
  diagnostics.recovered();
  expect(diagnostics.last_error).toBe("UNAVAILABLE: connect ECONNREFUSED");
  diagnostics.refused({ session_id: "", daemon: "" }, [violation("record")], 1);
  expect(diagnostics.last_error).toBe("record NOT_ALLOWED: d");
  diagnostics.write();
  expect(told.filter((line) => /stored|rows in/.test(line))).toEqual(["session log: the first row is stored"]);
});

test("called goes to debug, or to info where the log has none", () => {
  const lines: string[] = [];
  const info = (message: string) => void lines.push(`info ${message}`);
  const debug = (message: string) => void lines.push(`debug ${message}`);
  for (const log of [
    { info, warn: info },
    { info, warn: info, debug },
  ]) {
    const diagnostics = createDiagnostics(log, true);
    diagnostics.called(3, 1.4, "OK");
    diagnostics.write();
  }
  const text = "session log: sent 3 rows in 1 ms: OK";
  expect(lines).toEqual([`info ${text}`, `debug ${text}`]);
});
