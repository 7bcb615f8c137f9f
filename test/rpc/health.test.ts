import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { decodeHealthResponse, encodeHealthRequest } from "@sessionlog/client/rpc/probe";
import { afterEach, expect, test } from "vitest";
import { createFakeJournal } from "../support/journal.js";
import { startTestServer, type TestServer } from "../support/server.js";

let server: TestServer;
afterEach(() => server.close());

test.each(["", "sessionlog.v1.SessionLog"])("addHealth tells of %j what the journal can do", async (name) => {
  const journal = createFakeJournal();
  server = await startTestServer({ createJournal: () => journal });
  expect(await server.client.check(name)).toEqual({ ok: true, value: "SERVING" });
  journal.enter("disk_full");
  expect(await server.client.check(name)).toEqual({ ok: true, value: "NOT_SERVING" });
  journal.enter("open");
  expect(await server.client.check(name)).toEqual({ ok: true, value: "SERVING" });
});

test("addHealth lets clients watch changes, and ends the watch when the service stops", async () => {
  const journal = createFakeJournal();
  server = await startTestServer({ createJournal: () => journal });
  const client = new Client(server.address, credentials.createInsecure());
  const bytes = (value: Buffer) => value;
  const watch = client.makeServerStreamRequest(
    "/grpc.health.v1.Health/Watch",
    bytes,
    bytes,
    encodeHealthRequest("sessionlog.v1.SessionLog"),
  );
  const seen: string[] = [];
  const ended = new Promise<ServiceError>((resolve) => watch.on("error", resolve));
  // Each answer leads to the next change.
  const steps = [() => journal.enter("disk_full"), () => journal.enter("open"), () => server.service.stop()];
  watch.on("data", (answer: Buffer) => {
    seen.push(decodeHealthResponse(answer));
    steps.shift()?.();
  });
  expect(await ended).toMatchObject({ code: 14, details: "the service is shutting down" });
  expect(seen).toEqual(["SERVING", "NOT_SERVING", "SERVING", "NOT_SERVING"]);
  expect(await server.service.ended).toBe(0);
  client.close();
});
