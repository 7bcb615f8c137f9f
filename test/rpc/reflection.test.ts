import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkHealth } from "../../harness/probe.mjs";
import { createFakeJournal } from "../support/journal.js";
import { startTestServer, type TestServer } from "../support/server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ createJournal: createFakeJournal });
});
afterAll(() => server.close());

/** Sends ServerReflectionRequest with one text field; resolves with the bytes of the response, as text. */
function reflect(version: string, field: number, text: string): Promise<string> {
  const client = new Client(server.address, credentials.createInsecure());
  const bytes = (value: Buffer) => value;
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const call = client.makeBidiStreamRequest(path, bytes, bytes);
  return new Promise((resolve, reject) => {
    call.once("error", reject);
    call.once("data", (response: Buffer) => resolve(response.toString("latin1")));
    call.once("end", () => client.close());
    call.end(Buffer.from(new BinaryWriter().tag(field, WireType.LengthDelimited).string(text).finish()));
  });
}

const FILE_BY_FILENAME = 3;
const FILE_CONTAINING_SYMBOL = 4;
const LIST_SERVICES = 7;

test.each(["v1", "v1alpha"])("addReflection lists the services in %s", async (version) => {
  const listed = await reflect(version, LIST_SERVICES, "*");
  for (const service of [
    "sessionlog.v1.SessionLog",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
  ]) {
    expect(listed).toContain(service);
  }
});

test.each(["v1", "v1alpha"])(
  "addReflection has the real descriptors in %s, imports and comments included",
  async (version) => {
    const file = await reflect(version, FILE_CONTAINING_SYMBOL, "sessionlog.v1.SessionRecord");
    expect(file).toContain("sessionlog/v1/session_log.proto");
    expect(file).toContain("google/protobuf/timestamp.proto");
    expect(file).toContain("google/protobuf/struct.proto");
    expect(file).toContain("How the session ended");
  },
);

test("addReflection knows the types of error details", async () => {
  expect(await reflect("v1", FILE_CONTAINING_SYMBOL, "google.rpc.BadRequest")).toContain(
    "google/rpc/error_details.proto",
  );
});

test.each(["no.such.Type", "__proto__", "constructor"])("addReflection survives being asked for %s", async (name) => {
  await reflect("v1", FILE_CONTAINING_SYMBOL, name);
  await reflect("v1", FILE_BY_FILENAME, name);
  expect(await checkHealth(server.client, "")).toMatchObject({ ok: true });
});
