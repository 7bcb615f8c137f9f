// Another client, a process of its own: appends one session after the other, and sends its parent how long each took.
import { readFileSync } from "node:fs";
import { credentials } from "@grpc/grpc-js";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { createBodies } from "../../bench/load/records.mjs";

const PAUSE_MS = 5;
const DEADLINE_MS = 20_000;

const [address, ca_file] = process.argv.slice(2);
const nextBody = createBodies(960, Date.now().toString(16));
const secure = ca_file !== "" && {
  credentials: credentials.createSsl(readFileSync(ca_file)),
  channel_options: { "grpc.ssl_target_name_override": "localhost" },
};
const client = createApiClient(address, secure || {});
const PATH = "/sessionlog.v1.SessionLog/AppendSession";

process.once("disconnect", () => process.exit());
for (;;) {
  const begun = performance.now();
  const reply = await client.unary(PATH, nextBody(1).subarray(5), { deadline_ms: DEADLINE_MS });
  process.send?.({ took_ms: performance.now() - begun, failure: reply.ok ? undefined : reply.code_name });
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
