import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { BATCH_RECORDS_MAX } from "@sessionlog/protocol/gen/limits";
import { Command } from "commander";
import { count, duration, size } from "../../config/values.js";
import { type CliCommand, type CliContext, WorkError, write } from "../context.js";
import { createRecordReader, cutBatches } from "../ingest/batches.js";
import { openInput, readLines } from "../ingest/lines.js";
import { openRejects, REJECTS_HELP, rejectsOption, rejectsPath } from "../ingest/rejects.js";
import { storeBatches } from "../ingest/store_batches.js";
import { createSender } from "../ingest/to_service.js";
import { valueOption } from "../options/option_values.js";
import { addressOption, findAddress } from "../options/service_address.js";
import { createProgress } from "../progress.js";

interface AppendOptions {
  readonly address?: string;
  readonly rejects?: string;
  readonly stamp?: boolean;
  readonly batchRows: number;
  readonly batchBytes: number;
  readonly deadline: number;
  readonly timeout: number;
}

/** `sessionlog append`: sends the rows of a JSONL file to a service. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog append")
    .description(`Sends rows from a JSONL file, or from standard input, to a service, in order and in batches. Each line
is a row of a session log, or any other ProtoJSON of a SessionRecord; blank lines are skipped. At the end it prints,
for example:

    appended 998, duplicate 0, refused 2`)
    .argument("[file]", "a JSONL file, or a .gz one; standard input if it is - or missing")
    .addOption(addressOption())
    .addOption(rejectsOption())
    .option("--stamp", "add session_id and timestamp to rows without them instead of refusing these")
    .addOption(valueOption("--batch-rows <number>", "rows per call", count(1, BATCH_RECORDS_MAX), "500"))
    .addOption(valueOption("--batch-bytes <size>", "bytes of rows per call", size("1KiB", "64MiB"), "2MiB"))
    .addOption(valueOption("--deadline <duration>", "time limit of one call", duration("100ms", "1h"), "30s"))
    .addOption(
      valueOption("--timeout <duration>", "give up after this long without progress", duration("100ms", "24h"), "60s"),
    );
  return {
    command,
    help: appendHelp,
    run: (context) => append(command.args[0] ?? "-", command.opts<AppendOptions>(), context),
  };
}

async function append(file: string, options: AppendOptions, context: CliContext): Promise<number> {
  const { stderr, stdout } = context;
  const server = findAddress(options.address, context);
  const rejects_path = await rejectsPath(options.rejects, [file], context);
  const { monotonic_ms, sleep } = context;
  const { batchRows, batchBytes, deadline, timeout } = options;
  const stamps = options.stamp ? { session_id: context.newSessionId, now_ms: context.now_ms } : undefined;
  const lines = readLines(openInput(file, context), file);
  const client = createApiClient(server);
  try {
    const rejects = await openRejects(rejects_path, stderr);
    const readRow = createRecordReader(stamps);
    const { counts, failure } = await storeBatches({
      file,
      batches: cutBatches(lines, { max_rows: batchRows, max_bytes: batchBytes, readRow }),
      send: createSender({ client, deadline_ms: deadline, timeout_ms: timeout, monotonic_ms, sleep }),
      rejects,
      progress: createProgress(stderr, monotonic_ms),
    }).finally(rejects.close);
    const { appended, duplicate, refused } = counts;
    await write(stdout, `appended ${appended}, duplicate ${duplicate}, refused ${refused}\n`);
    if (failure === undefined) return refused > 0 ? 1 : 0;
    const { cause, message, resume_line } = failure;
    throw new WorkError(`${cause === "store" ? `${server}: ` : ""}${message}; resume from line ${resume_line}`);
  } finally {
    client.close();
  }
}

const appendHelp = `
Each row needs its own session_id and timestamp: with them, a row that is sent again is recognized, and answered as a
duplicate if it is among the last 65,536 rows of the service. --stamp fills in what is missing (a random session_id, the
current time) once per row: a retry sends the same row, another run does not.

While the service is busy or unavailable, the call is retried with growing pauses, until --timeout has passed without
progress. Then the summary is printed, and on standard error the line to resume from:

    tail -n +501 sessions.jsonl | sessionlog append

${REJECTS_HELP}

Environment:
  SESSIONLOG_ADDRESS  the service, unless --address is given

Exit status:
  0  every row is stored
  1  rows were refused or could not be sent, or the file cannot be read
  2  wrong usage

Examples:
  sessionlog append sessions.jsonl
  sessionlog append --rejects refused.jsonl sessions.jsonl
  sessionlog append --address unix:/run/sessionlog.sock sessions.jsonl
  zcat old-*.jsonl.gz | sessionlog append --stamp`;
