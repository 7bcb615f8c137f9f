import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sessionBytes, startTestServer, type TestServer } from "../../support/server.js";

const accepted = {
  final_verdict: "accepted",
  iterations: 1,
  attempts: [{ iteration: 0, verdict_kind: "accepted" }],
  artifact: { fills: [{ candidate_id: "W-SECRET" }] },
};
const ungrounded = { ...accepted, grounded_in_roster: false };

describe("the warning at append time", () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  const warnings = () => server.logs.filter(({ level }) => Number(level) >= 40);

  test("names session, daemon and sequence, and nothing of the artifact", async () => {
    await server.client.append(sessionBytes(ungrounded));
    expect(warnings()).toMatchObject([
      { level: 40, msg: "ungrounded accepted fill", session_id: "s-1", daemon: "validatord", sequence: 1 },
    ]);
    expect(JSON.stringify(server.logs)).not.toContain("W-SECRET");
  });

  test("comes for each such row of a batch", async () => {
    const rows = ["a", "b", "c"].map((session_id) => ({ ...(session_id === "b" ? accepted : ungrounded), session_id }));
    await server.client.appendBatch(rows.map(sessionBytes));
    expect(warnings().map(({ session_id }) => session_id)).toEqual(["a", "c"]);
  });

  test("comes once for a row that is sent again", async () => {
    await server.client.append(sessionBytes(ungrounded));
    await server.client.append(sessionBytes(ungrounded));
    await server.client.appendBatch([sessionBytes(ungrounded)]);
    expect(warnings()).toHaveLength(1);
  });

  test.each([
    ["an accepted fill that nobody checked", accepted],
    ["a grounded one", { ...accepted, grounded_in_roster: true }],
    ["another kind", { ...ungrounded, kind: "email" }],
    ["a session that was not accepted", {}],
  ])("does not come for %s", async (_, fields) => {
    await server.client.append(sessionBytes(fields));
    await server.client.appendBatch([sessionBytes({ ...fields, session_id: "s-2" })]);
    expect(warnings()).toEqual([]);
  });

  test("does not come for a row that is only checked, or refused", async () => {
    await server.client.append(sessionBytes(ungrounded), { validate_only: true });
    await server.client.append(sessionBytes({ ...ungrounded, duration_ms: -1 }));
    expect(warnings()).toEqual([]);
  });
});
