import { createApiClient, type TailMessage } from "@sessionlog/client/rpc/api_client";
import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import { Command, InvalidArgumentError, Option } from "commander";
import { count } from "../../config/values.js";
import { type CliCommand, type CliContext, UsageError, write } from "../context.js";
import { list, valueParser } from "../options/option_values.js";
import { addressOption, findAddress } from "../options/service_address.js";
import { createRowPrinter, sessionLine } from "../output/session_line.js";
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

const defaultLast = 10;
const verdicts: readonly string[] = sessionSchema.properties.final_verdict.enum;
/** What a sequence and the tab behind it take at most. */
const numberPlaces = 16;
/** A service that is gone without a word is noticed. */
const keepalive = { "grpc.keepalive_time_ms": 60_000, "grpc.keepalive_timeout_ms": 20_000 };

/** `sessionlog tail`: prints the newest sessions that a service has, and each new one. */
export function createTail(): CliCommand {
  const number = (min: number, max: number) => valueParser(count(min, max));
  const command = new Command("sessionlog tail")
    .description(
      "Prints the last sessions that a service has stored and, with --follow, each new one as soon as it is durable: a line for " +
        "a person on a terminal, the row as JSON anywhere else. The attempts come first: ✓ accepted, ✗ refused, ! infra_error.\n\n" +
        "    ✗✗✓ fill qwen3:8b 4.2 s 4bf92f35",
    )
    .addOption(addressOption())
    .addOption(
      new Option("-n, --last <number>", `begin with the last so many that pass (default: ${defaultLast})`).argParser(
        number(0, 1_000_000),
      ),
    )
    .addOption(
      new Option("--from-sequence <number>", "begin with the row of this number instead")
        .argParser(number(1, 1e15 - 1))
        .conflicts("last"),
    )
    .option("-f, --follow", "go on with each new session, until interrupted; a service that restarts is waited for")
    .addOption(new Option("--kind <name>", "only sessions of this kind; may be given more than once").argParser(list))
    .addOption(new Option("--daemon <name>", "only those of this daemon; likewise").argParser(list))
    .addOption(new Option("--model <name>", "only those of this model; likewise").argParser(list))
    .addOption(
      new Option("--verdict <verdict>", `only those that ended so (${verdicts.join(", ")}); likewise`).argParser(
        (text, before: readonly string[] | undefined) => {
          if (!verdicts.includes(text)) throw new InvalidArgumentError(`Expected one of ${verdicts.join(", ")}.`);
          return list(text, before);
        },
      ),
    )
    .option("--ungrounded", "only accepted ones that name somebody who is not on the roster")
    .addOption(
      new Option("--format <format>", "line, jsonl, or auto: line on a terminal")
        .choices(["auto", "line", "jsonl"])
        .default("auto"),
    )
    .option("--sequence", "print each row's number and a tab before it")
    .addHelpText("after", tailHelp);
  return { command, run: (context) => tail(command.opts<TailOptions>(), context) };
}

async function tail(options: TailOptions, context: CliContext): Promise<number> {
  const address = findAddress(options.address, context);
  const { last = options.fromSequence === undefined ? defaultLast : 0, follow = false, fromSequence = 0 } = options;
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
  const client = createApiClient(address, { channel_options: keepalive });
  const stop = stopOnSignal(context.signals);
  const { onMessage, told } = createPrinter(options, context);
  try {
    await readTail(request, { client, address, onMessage, signal: stop.signal, context });
    return told.gaps === 0 ? 0 : 1;
  } finally {
    stop.end();
    client.close();
  }
}

/** What prints rows on standard output and tells of gaps on standard error, and how many it told of. */
function createPrinter(options: TailOptions, context: CliContext) {
  const { stdout, stderr } = context;
  const { width, colours } = terminalOf(context);
  const taken = options.sequence === true ? numberPlaces : 0;
  const terminal = { width: width && Math.max(1, width - taken), colours };
  const lines = options.format === "line" || (options.format === "auto" && stdout.isTTY === true);
  const print = lines ? (record: Uint8Array) => sessionLine(record, terminal) : createRowPrinter();
  const told = { gaps: 0 };
  return {
    told,
    async onMessage({ sequence, record }: TailMessage): Promise<void> {
      if (record === undefined) {
        told.gaps += 1;
        stderr.write(
          `sessionlog: rows up to number ${sequence} are missing: removed, not readable, too large, or no records of this schema\n`,
        );
        return;
      }
      await write(stdout, options.sequence === true ? `${sequence}\t${print(record)}` : print(record));
    },
  };
}

const tailHelp = `
Filters of different kinds must all be met. A gap, where rows were removed by retention or cannot be read, is told on
standard error. After a restart of the service --follow goes on behind the last row it has seen. Rows that an older logger
wrote are printed as the service would write them today.

Environment:
  SESSIONLOG_ADDRESS  the service, unless --address is given

Exit status:
  0  printed, or interrupted while following
  1  the service cannot be reached, or there was a gap
  2  wrong usage

Examples:
  sessionlog tail --follow
  sessionlog tail -n 100 --kind fill --ungrounded
  sessionlog tail --follow --from-sequence 12001 --format jsonl >> mirror.jsonl`;
