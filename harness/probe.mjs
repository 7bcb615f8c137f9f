// Asks a server "are you serving?" and "what do you serve?", with the definitions that its libraries bring.
import { Client, credentials } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { toCallFailure } from "@sessionlog/client/rpc/failure";
import { service as health } from "grpc-health-check";

const PROTOS = new URL("../node_modules/@grpc/reflection/build/proto", import.meta.url).pathname;
const files = loadSync("grpc/reflection/v1/reflection.proto", { includeDirs: [PROTOS], keepCase: true });
const reflection = files["grpc.reflection.v1.ServerReflection"];

/** @type {Readonly<import("./probe.d.mts").Definitions>} */
export const definitions = { health, reflection };

/** @type {typeof import("./probe.d.mts").checkHealth} */
export async function checkHealth(client, service, deadline_ms = 30_000) {
  const { path, requestSerialize, responseDeserialize } = health.Check;
  const reply = await client.unary(path, requestSerialize({ service }), { deadline_ms });
  return reply.ok ? { ok: true, value: responseDeserialize(reply.value).status } : reply;
}

/** @type {typeof import("./probe.d.mts").listServices} */
export function listServices(address, deadline_ms = 30_000) {
  const { path, requestSerialize, responseDeserialize } = reflection.ServerReflectionInfo;
  const client = new Client(address, credentials.createInsecure(), { "grpc.enable_http_proxy": 0 });
  const deadline = Date.now() + deadline_ms;
  const listed = new Promise((resolve) => {
    const names = [];
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, { deadline });
    call.on("data", (reply) => names.push(...reply.list_services_response.service.map(({ name }) => name)));
    call.on("error", (error) => resolve(toCallFailure(error)));
    call.on("end", () => resolve({ ok: true, value: names }));
    call.write({ list_services: "*" });
    call.end();
  });
  return listed.finally(() => client.close());
}
