import { HEALTH_CHECK, HEALTH_CHECK_REQUEST, readHealthStatus } from "@sessionlog/protocol/health";
import { Command } from "commander";
import { duration } from "../../config/quantities.js";
import { type CliCommand, type CliContext, WorkError, write } from "../context.js";
import { valueOption } from "../options/option_values.js";
import { addressOption } from "../options/service_address.js";
import { openService, SERVICE_VARIABLES } from "../options/service_client.js";

interface HealthOptions {
  readonly address?: string;
  readonly deadline: number;
}

/** `sessionlog health`: asks a service whether it accepts appends. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog health")
    .description(`Asks a service, by grpc.health.v1, whether it accepts appends, and prints one line. For Docker's HEALTHCHECK
and for scripts.`)
    .addOption(addressOption())
    .addOption(valueOption("--deadline <duration>", "how long to wait for the answer", duration("100ms", "1h"), "5s"));
  return { command, help: healthHelp, run: (context) => health(command.opts<HealthOptions>(), context) };
}

async function health(options: HealthOptions, context: CliContext): Promise<number> {
  const { address, client } = await openService(options.address, context);
  try {
    const reply = await client.unary(HEALTH_CHECK, HEALTH_CHECK_REQUEST, { deadline_ms: options.deadline });
    if (!reply.ok) throw new WorkError(`${address}: ${reply.code_name}: ${reply.message}`);
    const status = readHealthStatus(reply.value);
    if (status !== "SERVING") throw new WorkError(`${address}: ${status}`);
    await write(context.stdout, `${address}: ${status}\n`);
    return 0;
  } finally {
    client.close();
  }
}

const healthHelp = `
Exit status:
  0  the service accepts appends
  1  it does not, or does not answer
  2  wrong usage or configuration

${SERVICE_VARIABLES}

Examples:
  sessionlog health
  SESSIONLOG_CA_FILE=ca.pem sessionlog health --address log.example:50051 --deadline 2s`;
