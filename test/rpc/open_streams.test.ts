import { once } from "node:events";
import { Client, type ClientDuplexStream, credentials, type ServiceError } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { definitions } from "../../harness/probe.mjs";
import { createFakeJournal } from "../support/journal.js";
import { startTestServer, type TestServer } from "../support/server.js";

let server: TestServer;
let client: Client;
afterEach(async () => {
  client.close();
  await server.close();
});

/** Opens a reflection stream and leaves it open. */
async function openReflection(): Promise<ClientDuplexStream<{ list_services: string }, object>> {
  server = await startTestServer({ createJournal: createFakeJournal });
  client = new Client(server.address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = definitions.reflection.ServerReflectionInfo;
  return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
}

test("end closes a stream that its client leaves open", async () => {
  const stream = await openReflection();
  stream.write({ list_services: "*" });
  await once(stream, "data");
  const ended = new Promise<ServiceError>((resolve) => stream.on("error", resolve));
  server.service.stop();
  expect(await ended).toMatchObject({ code: 14, details: "the service is shutting down" });
  expect(await server.service.ended).toBe(0);
  expect(server.logs.filter(({ level }) => Number(level) >= 40)).toEqual([]);
});

test("trackStreams answers every request of a client that is slow to read, in the end", async () => {
  const stream = await openReflection();
  const requests = 500;
  for (let count = 0; count < requests; count += 1) stream.write({ list_services: "*" });
  stream.end();
  let answers = 0;
  stream.on("data", () => {
    answers += 1;
  });
  await once(stream, "end");
  expect(answers).toBe(requests);
});
