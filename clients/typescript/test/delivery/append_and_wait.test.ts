import { describe, expect, test } from "vitest";
import { accepted, eventually, freeAddress, ids, names, quickLogger, serve } from "../support.js";

describe("appendAndWait", () => {
  test("answers with what is stored, and knows a row again", async () => {
    const { address } = await serve();
    const log = quickLogger(address);
    const record = accepted(0, { timestamp: new Date(0) });
    const stored = { ok: true, session_id: "session-0", timestamp: { seconds: 0, nanos: 0 }, sequence: 1 };
    expect(await log.appendAndWait(record, { validate_only: true })).toEqual({
      ...stored,
      sequence: 0,
      duplicate: false,
    });
    expect(await log.appendAndWait(record)).toEqual({ ...stored, duplicate: false });
    expect(await log.appendAndWait(record)).toEqual({ ...stored, duplicate: true });
    expect(log.stats()).toMatchObject({ appended: 1, duplicate: 1 });
    await log.close();
  });

  test("answers with the violations, the service's or its own", async () => {
    const { address } = await serve();
    const log = quickLogger(address);
    // As from JavaScript, which has no types.
    const poem = JSON.parse('{"kind": "poem", "final_verdict": "never", "iterations": -1}');
    const refused = await log.appendAndWait(poem);
    expect(refused).toMatchObject({
      ok: false,
      kind: "refused",
      violations: [
        { field: "record.kind", reason: "NOT_ALLOWED" },
        { field: "record.iterations", reason: "OUT_OF_RANGE" },
        { field: "record.final_verdict", reason: "NOT_ALLOWED" },
      ],
    });
    const own = await log.appendAndWait(accepted(0, { artifact: JSON.parse("[]") }));
    expect(own).toMatchObject({ ok: false, kind: "refused", violations: [{ field: "record.artifact" }] });
    expect(log.stats().refused).toBe(2);
    await log.close();
  });

  test("tries again until its deadline, and no longer", async () => {
    const address = await freeAddress();
    const log = quickLogger(address);
    expect(await log.appendAndWait(accepted(0), { deadline_ms: 100 })).toMatchObject({
      kind: "failed",
      code: "UNAVAILABLE",
    });
    const patient = log.appendAndWait(accepted(1));
    await eventually(() => log.stats().retried > 5);
    await serve({ server: { listen: address } });
    expect(await patient).toMatchObject({ ok: true, sequence: 1 });
    await log.close();
  });

  test("is answered while others are, and ends when the logger closes", async () => {
    const { address, path } = await serve();
    const log = quickLogger(address);
    const outcomes = await Promise.all(names(320).map((_, number) => log.appendAndWait(accepted(number))));
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    expect(ids(path).sort()).toEqual(names(320).sort());
    await log.close();

    const alone = quickLogger(await freeAddress());
    const late = alone.appendAndWait(accepted(0));
    await alone.close();
    expect(await late).toMatchObject({ ok: false, kind: "failed" });
  });
});
