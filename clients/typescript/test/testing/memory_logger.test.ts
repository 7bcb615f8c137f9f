import { describe, expect, test } from "vitest";
import { createMemoryLogger } from "../../src/testing/index.js";

const accepted = { kind: "fill", final_verdict: "accepted", artifact: { fills: [] } } as const;
const misspelt = JSON.parse('{"kind": "fill", "final_verdict": "acepted"}');
const REFUSED =
  'record.final_verdict NOT_ALLOWED: expected one of accepted, max_iter_exhausted, infra_error, found "acepted"';

describe("createMemoryLogger", () => {
  test("keeps records and rows, as they were when they were appended", async () => {
    const log = createMemoryLogger({ daemon: "validatord" });
    const fills = [{ worker_id: "W-1" }];
    log.append({ ...accepted, artifact: { fills } });
    fills.length = 0;
    expect(await log.appendAndWait({ ...accepted, session_id: "s" })).toMatchObject({
      ok: true,
      session_id: "s",
      sequence: 2,
    });
    await log.session({ kind: "fill", max_iterations: 3 }, (session) => session.noJson("no JSON"));
    expect(log.records).toMatchObject([
      { daemon: "validatord", artifact: { fills: [{ worker_id: "W-1" }] } },
      { session_id: "s" },
      { final_verdict: "max_iter_exhausted", iterations: 1, attempts: [{ verdict_kind: "no_json" }] },
    ]);
    expect(log.rows.map((row) => JSON.parse(row).session_id)).toEqual(log.records.map(({ session_id }) => session_id));
    expect([await log.flush(), await log.close(), log.stats()]).toMatchObject([
      true,
      true,
      { appended: 3, buffered: 0 },
    ]);
  });

  test("throws where the service would refuse, also when the daemon caught that", async () => {
    const log = createMemoryLogger();
    const message = `session log: the service would refuse this fill record: ${REFUSED}`;
    expect(() => log.append(misspelt)).toThrow(message);
    await expect(log.appendAndWait(misspelt)).rejects.toThrow(message);
    await expect(log.session({ kind: "fill" }, (session) => session.accept({ n: Number.NaN }))).rejects.toThrow(
      "NOT_FINITE",
    );
    await expect(log.flush()).rejects.toThrow(message);
    await expect(log.close()).rejects.toThrow(message);
    expect(log.records).toEqual([]);
  });

  test("throws for a session that is accepted twice", async () => {
    const session = createMemoryLogger().startSession({ kind: "fill" });
    session.accept({});
    expect(() => session.accept({})).toThrow("accept was called twice");
  });

  test("keeps refusals when it is not strict", async () => {
    const log = createMemoryLogger({ strict: false });
    log.append(misspelt);
    expect(await log.appendAndWait(misspelt)).toMatchObject({ ok: false, kind: "refused", message: REFUSED });
    expect(log.refused).toMatchObject([
      { record: misspelt, violations: [{ field: "record.final_verdict", reason: "NOT_ALLOWED" }] },
      {},
    ]);
    expect([await log.close(), log.stats().refused]).toEqual([true, 2]);
  });

  test("has the kinds of the service", () => {
    const log = createMemoryLogger({ kinds: ["translation"] });
    log.append({ kind: "translation", final_verdict: "infra_error" });
    expect(() => log.append(accepted)).toThrow("record.kind NOT_ALLOWED");
  });

  test("drops after close, and writes nothing for validate_only", async () => {
    const log = createMemoryLogger();
    expect(await log.appendAndWait(accepted, { validate_only: true })).toMatchObject({ ok: true, sequence: 0 });
    await log.close();
    log.append(accepted);
    expect(await log.appendAndWait(accepted)).toMatchObject({ ok: false, code: "CLOSED" });
    expect([log.records, log.stats().dropped]).toEqual([[], 1]);
  });
});
