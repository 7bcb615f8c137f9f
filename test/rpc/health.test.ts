import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { checkHealth, definitions } from "../../harness/probe.mjs";
import { createFakeJournal } from "../support/journal.js";
import { startTestServer, type TestServer } from "../support/server.js";

let server: TestServer;
afterEach(() => server.close());

test.each(["", "sessionlog.v1.SessionLog"])("addHealth tells of %j what the journal can do", async (name) => {
  const journal = createFakeJournal();
  server = await startTestServer({ createJournal: () => journal });
  expect(await checkHealth(server.client, name)).toEqual({ ok: true, value: "SERVING" });
  journal.enter("disk_full");
  expect(await checkHealth(server.client, name)).toEqual({ ok: true, value: "NOT_SERVING" });
  journal.enter("open");
  expect(await checkHealth(server.client, name)).toEqual({ ok: true, value: "SERVING" });
});

test("addHealth lets clients watch changes, and ends the watch when the service stops", async () => {
  const journal = createFakeJournal();
  server = await startTestServer({ createJournal: () => journal });
  const client = new Client(server.address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = definitions.health.Watch;
  const watch = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {
    service: "sessionlog.v1.SessionLog",
  });
  const seen: string[] = [];
  const ended = new Promise<ServiceError>((resolve) => watch.on("error", resolve));
  // Each answer leads to the next change.
  const steps = [() => journal.enter("disk_full"), () => journal.enter("open"), () => server.service.stop()];
  watch.on("data", (answer: { status: string }) => {
    seen.push(answer.status);
    steps.shift()?.();
  });
  expect(await ended).toMatchObject({ code: 14, details: "the service is shutting down" });
  expect(seen).toEqual(["SERVING", "NOT_SERVING", "SERVING", "NOT_SERVING"]);
  expect(await server.service.ended).toBe(0);
  client.close();
});
