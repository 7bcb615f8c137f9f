import { resolve } from "node:path";
import type { CallFailure } from "@sessionlog/client/rpc/api_client";
import { BATCH_RECORDS_MAX } from "@sessionlog/protocol/gen/limits";
import { Command } from "commander";
import { duration, size } from "../../config/quantities.js";
import { count } from "../../config/values.js";
import { compressionOf } from "../../journal/index.js";
import { type CliCommand, type CliContext, type Output, UsageError, WorkError, write } from "../context.js";
import { createRecordReader, cutBatches } from "../ingest/batches.js";
import { createFollower, type Follower } from "../ingest/follow.js";
import { markIdle } from "../ingest/idle.js";
import { openInput, readLines } from "../ingest/lines.js";
import { openRejects, REJECTS_HELP, rejectsOption, rejectsPath } from "../ingest/rejects.js";
import { storeBatches } from "../ingest/store_batches.js";
import { createSender } from "../ingest/to_service.js";
import { valueOption } from "../options/option_values.js";
import { addressOption } from "../options/service_address.js";
import { openService, SERVICE_VARIABLES } from "../options/service_client.js";
import { createProgress } from "../progress.js";
import { stopOnSignal } from "../signals.js";

interface AppendOptions {
  readonly address?: string;
  readonly rejects?: string;
  readonly stamp?: boolean;
  readonly follow?: boolean;
  readonly state?: string;
  readonly batchRows: number;
  readonly batchBytes: number;
  readonly deadline: number;
  readonly timeout?: number;
}

/** What was read is sent when no more has come for this long. */
const IDLE_MS = 1_000;
const POLL_MS = 200;
const TIMEOUT_MS = 60_000;

/** `sessionlog append`: sends the rows of a JSONL file to a service. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog append")
    .description(`Sends rows from a JSONL file, or from standard input, to a service, in order and in batches. Each line
is a row of a session log, or any other ProtoJSON of a SessionRecord; blank lines are skipped. At the end it prints,
for example:

    appended 998, duplicate 0, refused 2

Rows are sent in batches, and when no input has come for a second.`)
    .argument("[file]", "a JSONL file, or a .gz or .zst one; standard input if it is - or missing")
    .addOption(addressOption())
    .addOption(rejectsOption())
    .option("--stamp", "add session_id and timestamp to rows without them instead of refusing these")
    .addOption(valueOption("--batch-rows <number>", "rows per call", count(1, BATCH_RECORDS_MAX), "500"))
    .addOption(valueOption("--batch-bytes <size>", "bytes of rows per call", size("1KiB", "64MiB"), "2MiB"))
    .addOption(valueOption("--deadline <duration>", "time limit of one call", duration("100ms", "1h"), "30s"))
    .addOption(
      valueOption(
        "--timeout <duration>",
        "give up after this long without progress (default: 60s; never with --follow)",
        duration("100ms", "24h"),
      ),
    )
    .option("-f, --follow", "go on with what is added to the file, also when it is rotated or cut, until interrupted")
    .option("--state <file>", "keep in this file how far a followed file is stored, and begin there");
  return {
    command,
    help: appendHelp,
    run: (context) => append(command.args[0] ?? "-", command.opts<AppendOptions>(), context),
  };
}

async function append(file: string, options: AppendOptions, context: CliContext): Promise<number> {
  const { stderr, stdout } = context;
  const { follow = false } = options;
  checkFollow(file, options);
  const { address: server, client } = await openService(options.address, context);
  const rejects_path = await rejectsPath(options.rejects, [file], context);
  const { monotonic_ms, sleep } = context;
  const { batchRows, batchBytes, deadline, timeout = follow ? Number.POSITIVE_INFINITY : TIMEOUT_MS } = options;
  const stop = follow ? stopOnSignal(context.signals) : undefined;
  const follower = stop && file !== "-" ? openFollower(file, options, stop.signal, context) : undefined;
  const own = follower?.stamps ?? { session_id: context.newSessionId, now_ms: context.now_ms };
  const lines = follower?.lines ?? readLines(openInput(file, context), file);
  try {
    const rejects = await openRejects(rejects_path, stderr, { keep: follow });
    const readRow = createRecordReader(options.stamp ? own : undefined);
    const outages = createOutages(server, stderr);
    const marked = markIdle(lines, IDLE_MS, stop?.signal);
    const { counts, failure } = await storeBatches({
      file,
      batches: cutBatches(marked, { max_rows: batchRows, max_bytes: batchBytes, readRow }),
      send: createSender({
        client,
        deadline_ms: deadline,
        timeout_ms: timeout,
        monotonic_ms,
        sleep,
        ...(stop && { stop: stop.signal, onRetry: outages.report }),
        ...(stop && client.renewable && { token: client }),
      }),
      rejects,
      async onStored(batch) {
        outages.end();
        await follower?.stored(batch);
      },
      progress: createProgress(stderr, monotonic_ms),
    }).finally(rejects.close);
    const { appended, duplicate, refused } = counts;
    await write(stdout, `appended ${appended}, duplicate ${duplicate}, refused ${refused}\n`);
    if (failure === undefined) return refused > 0 ? 1 : 0;
    const { cause, message, resume_line } = failure;
    throw new WorkError(`${cause === "store" ? `${server}: ` : ""}${message}; resume from line ${resume_line}`);
  } finally {
    stop?.end();
    await follower?.close();
    client.close();
  }
}

function checkFollow(file: string, { follow = false, state, stamp = false }: AppendOptions): void {
  if (state !== undefined && (!follow || file === "-")) throw new UsageError("--state goes with --follow FILE");
  if (follow && compressionOf(file) !== undefined)
    throw new UsageError(`--follow: ${file} is compressed, so nothing is added to it`);
  if (!follow || file === "-" || !stamp || state !== undefined) return;
  throw new UsageError("--follow FILE with --stamp needs --state: another run would send the same rows with other ids");
}

function openFollower(file: string, options: AppendOptions, stop: AbortSignal, context: CliContext): Follower {
  const { cwd, stderr, now_ms } = context;
  return createFollower({
    path: resolve(cwd, file),
    name: file,
    state_path: options.state === undefined ? undefined : resolve(cwd, options.state),
    stamped: options.stamp === true,
    stop,
    poll_ms: POLL_MS,
    now_ms,
    warn: (message) => void stderr.write(`sessionlog: ${message}\n`),
  });
}

/** Reports a failure that is retried, once until another one comes or rows are stored again. */
function createOutages(server: string, stderr: Output) {
  let last = "";
  return {
    report({ code_name, message }: CallFailure): void {
      if (code_name !== last) stderr.write(`sessionlog: ${server}: ${code_name}: ${message}; rows wait\n`);
      last = code_name;
    },
    end(): void {
      last = "";
    },
  };
}

const appendHelp = `
Each row needs its own session_id and timestamp: with them, a row that is sent again is recognized, and answered as a
duplicate if it is among the last 65,536 rows of the service. --stamp fills in what is missing (a random session_id, the
current time) once per row: a retry sends the same row, another run does not.

While the service is busy or unavailable, the call is retried with growing pauses, until --timeout has passed without
progress. Then the summary is printed, and on standard error the line to resume from:

    tail -n +501 sessions.jsonl | sessionlog append

--follow FILE reads the file from its start, or from where --state says, and goes on with each line that is added. When
the file is renamed and a new one has its name, the rest of the old one is sent first, also one that was renamed while
the command did not run; when it is cut, the new one is read from its start. A line is sent when its newline is there.
The state is written after each batch, so that a command that was killed sends at most that batch again. It never gives
up on a service that is away, unless --timeout is given; where the service does not take the token of
SESSIONLOG_TOKEN_FILE, rows wait until the file changes, and are tried once a minute. --follow - ends with its input. With --follow, --rejects is
added to.

${REJECTS_HELP}

${SERVICE_VARIABLES}

Exit status:
  0  every row is stored
  1  rows were refused or could not be sent, or the file cannot be read
  2  wrong usage

Examples:
  sessionlog append sessions.jsonl
  sessionlog append --rejects refused.jsonl sessions.jsonl
  sessionlog append --address unix:/run/sessionlog.sock sessions.jsonl
  sessionlog append --follow --state /var/lib/daemon/sent --stamp /var/log/daemon/rows.jsonl
  tail -F rows.jsonl | sessionlog append --follow --stamp -
  zcat old-*.jsonl.gz | sessionlog append --stamp`;
