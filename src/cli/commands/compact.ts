import { resolve } from "node:path";
import { Command } from "commander";
import { duration, size } from "../../config/quantities.js";
import type { CompactReport } from "../../query/index.js";
import { type CliCommand, type CliContext, UsageError, WorkError, write } from "../context.js";
import { journalEnvironmentHelp } from "../options/journal_options.js";
import { valueOption } from "../options/option_values.js";
import { addConfigOptions } from "../options/settings_options.js";
import { oneLine } from "../output/text.js";
import { createProgress } from "../progress.js";
import { stopOnSignal } from "../signals.js";

interface CompactOptions {
  readonly path?: string;
  readonly every?: number;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly memory: number;
}

/** `sessionlog compact`: makes Parquet copies of the sealed segments. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog compact")
    .description(`Makes a Parquet copy beside each sealed segment of the session log, which query, show, alarm and audit then
read in its place: the same answers, for a tenth of the time or less. The segments stay as they are. A copy is checked against its segment before it gets its
name; it may be removed at any time. A service may be running, and the command may be stopped, or run twice.`)
    .option("--path <path>", "the session log's directory or its active file (default: the configured log)")
    .addOption(valueOption("--every <duration>", "go on, and do it again after this time", duration("1s", "30d")))
    .option("--dry-run", "print the segments that would be compacted, and change nothing")
    .option("--force", "make the copies that are there again, and those of segments that were sealed a moment ago")
    .addOption(valueOption("--memory <size>", MEMORY_HELP, size("64MiB", "1024GiB"), "1GiB"));
  const config = addConfigOptions(command, () => false);
  return {
    command,
    help: compactHelp,
    async run(context) {
      const options = command.opts<CompactOptions>();
      const { every, dryRun = false, force = false } = options;
      if (every !== undefined && (dryRun || force)) throw new UsageError("--every takes no --dry-run and no --force");
      const path =
        options.path === undefined ? config.load(context).config.log.path : resolve(context.cwd, options.path);
      context.supervisor?.limit({ memory_bytes: options.memory });
      const stop = stopOnSignal(context.signals);
      const run = { path, dryRun, force, memory: options.memory };
      try {
        if (every === undefined) return (await runOnce(run, context, stop.signal)) ? 0 : 1;
        while (!stop.signal.aborted) {
          await runOnce(run, context, stop.signal).catch((error) => {
            // Such as a directory that is not mounted yet.
            if (!(error instanceof WorkError)) throw error;
            if (!stop.signal.aborted) context.stderr.write(`sessionlog: ${oneLine(error.message)}\n`);
          });
          await Promise.race([context.sleep(every), aborted(stop.signal)]);
        }
        return 0;
      } finally {
        stop.end();
      }
    },
  };
}

const MEMORY_HELP = "memory limit of DuckDB; beyond it, temporary files are used";

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

interface Run {
  readonly path: string;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly memory: number;
}

/** Resolves with whether all was done that could be. */
async function runOnce({ path, dryRun, force, memory }: Run, context: CliContext, signal: AbortSignal) {
  const { compactJournal, ReadError } = await import("../../query/index.js");
  const progress = createProgress(context.stderr, context.monotonic_ms);
  const begun_ms = context.monotonic_ms();
  try {
    const report = await compactJournal({
      path,
      memory_bytes: memory,
      force,
      dry_run: dryRun,
      signal,
      now_ms: context.now_ms,
      sleep: context.sleep,
      onTemporary: (temporary) => context.supervisor?.temporary(temporary),
      onSegment: (done, all) => progress.show(`compacting… ${done} of ${all} segments`),
    });
    progress.clear();
    for (const { name, why } of report.failed) context.stderr.write(`sessionlog: ${name}: ${why}\n`);
    const names = dryRun ? report.compacted.map((name) => `would compact ${name}\n`).join("") : "";
    await write(context.stdout, `${names}${summary(report, dryRun, context.monotonic_ms() - begun_ms)}\n`);
    return report.failed.length === 0;
  } catch (error) {
    if (signal.aborted) throw new WorkError(String(signal.reason?.message));
    throw error instanceof ReadError ? new WorkError(error.message) : error;
  } finally {
    progress.clear();
  }
}

/** `compacted 3, already 17, 176.5 MB, 18.1 s` */
function summary(report: CompactReport, dry_run: boolean, ms: number): string {
  const { compacted, already, later, failed, removed, bytes } = report;
  return [
    `${dry_run ? "to compact" : "compacted"} ${compacted.length}`,
    `already ${already}`,
    ...(later.length > 0 ? [`${later.length} left to the next run (${later[0]?.name} ${later[0]?.why})`] : []),
    ...(failed.length > 0 ? [`failed ${failed.length}`] : []),
    ...(removed.length > 0 ? [`removed ${removed.length} whose segment is gone`] : []),
    `${(bytes / 1e6).toFixed(1)} MB`,
    `${(ms / 1000).toFixed(1)} s`,
  ].join(", ");
}

const compactHelp = `
A segment that was sealed less than ten minutes ago, and is not compressed, is left to the next run, as it may be compressed yet.

${journalEnvironmentHelp}

Exit status:
  0  done: each sealed segment has a copy, but for those that are left to the next run
  1  a segment could not be compacted, which is named; or there is no session log, or no room
  2  wrong usage or configuration

With --every, what fails is said and tried again the next time, and the exit status is 0 when a signal ends it.

Examples:
  sessionlog compact
  sessionlog compact --dry-run --path /var/lib/sessionlog
  sessionlog compact --every 1h`;
