// The project's own client in the places of grpcurl and grpc-health-probe, for machines without them:
//   smoke-client.mjs health ADDRESS | list ADDRESS | append ADDRESS RECORD_JSON
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { recordJsonToBytes } from "../dist/record/index.js";
import { checkHealth, listServices } from "../harness/probe.mjs";

const [command, address, json] = process.argv.slice(2);
const client = createApiClient(address);

const commands = {
  health: async () => shown(await checkHealth(client, "sessionlog.v1.SessionLog", 5000), (status) => status),
  list: async () => shown(await listServices(address, 5000), (names) => names.join("\n")),
  append: async () => {
    const record = recordJsonToBytes(json);
    return shown(record.ok ? await client.append(record.bytes, { deadline_ms: 5000 }) : record, (reply) =>
      JSON.stringify(reply),
    );
  },
};

function shown(result, text) {
  if (result.ok) return text(result.value);
  process.exitCode = 1;
  const violations = result.violations.map(({ field, description, reason }) => `${field}: ${description} (${reason})`);
  return [`${result.code_name ?? "not sent"}: ${result.message ?? ""}`, ...violations].join("\n");
}

console.log(await commands[command]());
client.close();
