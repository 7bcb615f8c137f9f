import type { TailMessage } from "@sessionlog/client/rpc/api_client";
import { Command, Option } from "commander";
import { count } from "../../config/values.js";
import { type CliCommand, type CliContext, UsageError, write } from "../context.js";
import { listOption, valueOption, verdictOption } from "../options/option_values.js";
import { addressOption } from "../options/service_address.js";
import { openService, SERVICE_VARIABLES } from "../options/service_client.js";
import { createRowPrinter, createSessionLinePrinter } from "../output/session_line.js";
import { terminalOf } from "../output/terminal.js";
import { stopOnSignal } from "../signals.js";
import { readTail } from "./tail_reader.js";

interface TailOptions {
  readonly address?: string;
  readonly last?: number;
  readonly fromSequence?: number;
  readonly follow?: boolean;
  readonly kind?: string[];
  readonly daemon?: string[];
  readonly model?: string[];
  readonly verdict?: string[];
  readonly ungrounded?: boolean;
  readonly format: "auto" | "line" | "jsonl";
  readonly sequence?: boolean;
}

const LAST_DEFAULT = 10;
/** Columns for a sequence and the tab after it. */
const SEQUENCE_COLUMNS_MAX = 16;
/** Detects a service whose machine or network is gone. */
const KEEPALIVE = { "grpc.keepalive_time_ms": 60_000, "grpc.keepalive_timeout_ms": 20_000 };

/** `sessionlog tail`: prints the newest sessions that a service has, and each new one. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog tail")
    .description(`Prints the last sessions that a service has stored and, with --follow, each new one as soon as it is
on disk: a short line on a terminal, the row as JSON otherwise. The line has the time in UTC, the attempts (✓ accepted,
✗ refused, ! infra_error), kind, model, daemon, duration, the beginning of the id, and the reason of the last refusal.

    23:52:07 ✗✗✓ fill qwen3:8b validatord 1.9 s  fec5120f  no JSON object in output`)
    .addOption(addressOption())
    .addOption(
      valueOption(
        "-n, --last <number>",
        `start with this many sessions (default: ${LAST_DEFAULT})`,
        count(0, 1_000_000),
      ),
    )
    .addOption(
      valueOption(
        "--from-sequence <number>",
        "start with the row of this number instead",
        count(1, 1e15 - 1),
      ).conflicts("last"),
    )
    .option("-f, --follow", "print new sessions until interrupted; reconnect when the service restarts")
    .addOption(listOption("--kind <name>", "only sessions of this kind; repeatable"))
    .addOption(listOption("--daemon <name>", "only sessions of this daemon; repeatable"))
    .addOption(listOption("--model <name>", "only sessions of this model; repeatable"))
    .addOption(verdictOption())
    .option("--ungrounded", "only accepted sessions stamped as not grounded in the roster")
    .addOption(
      new Option("--format <format>", "line, jsonl, or auto: line on a terminal")
        .choices(["auto", "line", "jsonl"])
        .default("auto"),
    )
    .option("--sequence", "print each row's number and a tab before it");
  return { command, help: tailHelp, run: (context) => tail(command.opts<TailOptions>(), context) };
}

async function tail(options: TailOptions, context: CliContext): Promise<number> {
  const { last = options.fromSequence === undefined ? LAST_DEFAULT : 0, follow = false, fromSequence = 0 } = options;
  if (last === 0 && fromSequence === 0 && !follow) throw new UsageError("--last 0 prints nothing without --follow");
  const request = {
    last,
    from_sequence: fromSequence,
    follow,
    kinds: options.kind ?? [],
    daemons: options.daemon ?? [],
    models: options.model ?? [],
    verdicts: options.verdict ?? [],
    ungrounded_only: options.ungrounded ?? false,
  };
  const { address, client } = await openService(options.address, context, KEEPALIVE);
  const stop = stopOnSignal(context.signals);
  const { onMessage, printed } = createPrinter(options, context, stop.signal);
  try {
    await readTail(request, { client, address, onMessage, signal: stop.signal, context });
    return printed.gaps === 0 ? 0 : 1;
  } finally {
    stop.end();
    client.close();
  }
}

/** Prints rows on standard output, reports gaps on standard error and counts them. */
function createPrinter(options: TailOptions, context: CliContext, signal: AbortSignal) {
  const { stdout, stderr } = context;
  const { width, colours } = terminalOf(context);
  const reserved = options.sequence === true ? SEQUENCE_COLUMNS_MAX : 0;
  const terminal = { width: width && Math.max(1, width - reserved), colours };
  const lines = options.format === "line" || (options.format === "auto" && stdout.isTTY === true);
  const print = lines ? createSessionLinePrinter(terminal) : createRowPrinter();
  const printed = { gaps: 0 };
  /** A service of another version may send what cannot be printed: the rows after it can. */
  function printOrReport(sequence: number, record: Uint8Array): string | undefined {
    try {
      return print(record);
    } catch (error) {
      stderr.write(
        `sessionlog: row ${sequence} cannot be printed: ${error instanceof Error ? error.message : error}\n`,
      );
      return undefined;
    }
  }
  return {
    printed,
    async onMessage({ sequence, record }: TailMessage): Promise<void> {
      const text = record && printOrReport(sequence, record);
      if (text !== undefined) return write(stdout, options.sequence === true ? `${sequence}\t${text}` : text, signal);
      printed.gaps += 1;
      if (record !== undefined) return;
      const reasons = "removed, unreadable, too large, or not records of this schema";
      stderr.write(`sessionlog: rows up to number ${sequence} are missing: ${reasons}\n`);
    },
  };
}

const tailHelp = `
A session must match all filters of different kinds, and one value of each. Missing rows, removed by retention or
unreadable, are reported on standard error. With --follow, tail continues after the last row it printed when the service
restarts, and when the token of SESSIONLOG_TOKEN_FILE is renewed. Rows that an older logger wrote are printed as the service would write them today.

${SERVICE_VARIABLES}

Exit status:
  0  printed, or interrupted while following
  1  the service cannot be reached, or rows are missing
  2  wrong usage

Examples:
  sessionlog tail --follow
  sessionlog tail -n 100 --kind fill --ungrounded
  sessionlog tail --follow --from-sequence 12001 --format jsonl >> mirror.jsonl`;
