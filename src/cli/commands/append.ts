import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { BATCH_RECORDS_MAX } from "@sessionlog/protocol/gen/limits";
import { Command, Option } from "commander";
import { count, duration, size } from "../../config/values.js";
import { type CliCommand, type CliContext, WorkError, write } from "../context.js";
import { createRecordReader, cutBatches } from "../ingest/batches.js";
import { openInput, readLines } from "../ingest/lines.js";
import { openRefusals, rejectsPath } from "../ingest/rejects.js";
import { appendAll } from "../ingest/store_batches.js";
import { createSender } from "../ingest/to_service.js";
import { valueParser } from "../options/option_values.js";
import { addressOption, findAddress } from "../options/service_address.js";
import { createProgress } from "../output/progress.js";

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
export function createAppend(): CliCommand {
  const command = new Command("sessionlog append")
    .description(
      "Sends rows from a JSONL file, or from standard input, to a service, in order and in batches. A row is the ProtoJSON of a " +
        "SessionRecord, one a line; rows of a session log are such. Blank lines are passed over. At the end it prints, for example:\n\n" +
        "    appended 998, duplicate 0, refused 2",
    )
    .argument("[file]", "a JSONL file, or a .gz one; - or none is standard input")
    .addOption(addressOption())
    .addOption(new Option("--rejects <file>", "write the refused rows with what is wrong to this file (see below)"))
    .addOption(new Option("--stamp", "give rows without session_id or timestamp new ones instead of refusing them"))
    .addOption(numeric("--batch-rows <number>", "rows in a call", count(1, BATCH_RECORDS_MAX), "500"))
    .addOption(numeric("--batch-bytes <size>", "bytes of rows in a call", size("1KiB", "64MiB"), "2MiB"))
    .addOption(numeric("--deadline <duration>", "how long a call may take", duration("100ms", "1h"), "30s"))
    .addOption(
      numeric(
        "--timeout <duration>",
        "how long to go on without progress before giving up",
        duration("100ms", "24h"),
        "60s",
      ),
    )
    .addHelpText("after", appendHelp);
  return { command, run: (context) => append(command.args[0] ?? "-", command.opts<AppendOptions>(), context) };
}

function numeric(flags: string, help: string, type: ReturnType<typeof count>, byDefault: string): Option {
  const parse = valueParser(type);
  return new Option(flags, help).argParser(parse).default(parse(byDefault), byDefault);
}

async function append(file: string, options: AppendOptions, context: CliContext): Promise<number> {
  const { stderr, stdout } = context;
  const server = findAddress(options.address, context);
  const rejects = await rejectsPath(options.rejects, [file], context);
  const { monotonic_ms, sleep } = context;
  const { batchRows, batchBytes, deadline, timeout } = options;
  const stamps = options.stamp ? { session_id: context.newSessionId, now_ms: context.now_ms } : undefined;
  const lines = readLines(openInput(file, context), file);
  const client = createApiClient(server);
  try {
    const refusals = await openRefusals(rejects, stderr);
    const readRow = createRecordReader(stamps);
    const { counts, failure } = await appendAll({
      file,
      batches: cutBatches(lines, { max_rows: batchRows, max_bytes: batchBytes, readRow }),
      send: createSender({ client, deadline_ms: deadline, timeout_ms: timeout, monotonic_ms, sleep }),
      refusals,
      progress: createProgress(stderr, monotonic_ms),
    }).finally(refusals.end);
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
Rows must have a session_id and a timestamp of their own: by these the same row is known when it is sent again, and
what the service has as one of its last rows is answered as a duplicate. --stamp fills in what is missing (a random
session_id, the present time) once for each row: a retry sends the same row, another run does not.

A service that is busy or away is tried again, with growing pauses, until --timeout has passed without progress. Then
the summary is printed, and on standard error the line to resume from:

    tail -n +501 sessions.jsonl | sessionlog append

The first 20 refused rows are named on standard error as FILE:LINE: with what is wrong. --rejects gets all of them, one
JSON object a line, "row" being the row's exact text:

    {"line":17,"violations":[{"field":"record.kind","description":"...","reason":"NOT_ALLOWED"}],"row":"{...}"}

To get the rows back: jq -r .row rejects.jsonl. When the service listed only some of the violations,
violations_omitted says how many it left out. Of a line that is not UTF-8, row is null and row_base64 has the bytes; of one
over 16 MiB, row is null.

Environment:
  SESSIONLOG_ADDRESS  the service, unless --address is given

Exit status:
  0  every row is stored
  1  rows were refused or could not be sent, or the file cannot be read
  2  wrong usage

Examples:
  sessionlog append sessions.jsonl
  sessionlog append --address unix:/run/sessionlog.sock --rejects refused.jsonl sessions.jsonl
  zcat old-*.jsonl.gz | sessionlog append --stamp`;
