import { basename, dirname } from "node:path";
import type { Config } from "../../config/config.js";
import { describeFileError } from "../../config/errors.js";
import {
  createJournal,
  type Journal,
  type JournalLog,
  JournalOpenError,
  nodeDisk,
  parseSegmentName,
} from "../../journal/index.js";
import { isSessionRow } from "../../record/index.js";
import { type CliContext, WorkError } from "../context.js";
import type { Progress } from "../output/progress.js";

/** At most so many rows are given to the journal at once. */
export const BATCH_ROWS = 10_000;
/** One row may have as many. */
const QUEUE_BYTES = 8 * 1024 * 1024;

export interface OpenJournal {
  readonly journal: Journal;
  /** Stores what is left, and releases the lock. */
  close(): Promise<void>;
  /** Why the journal cannot be trusted any more; undefined while it can. */
  failure(): string | undefined;
}

/** Takes the lock, so that no service can begin to write, and learns every row that is there. */
export async function openJournal(config: Config, progress: Progress, context: CliContext): Promise<OpenJournal> {
  const { log, rotation, retention } = config;
  let failure: string | undefined;
  let unread: string | undefined;
  const warnings = createWarnings(progress, context);
  const journal = createJournal({
    path: log.path,
    durability: log.durability,
    // There is one batch at a time.
    queue_rows: BATCH_ROWS,
    queue_bytes: QUEUE_BYTES,
    rotation,
    compress: rotation.compress,
    retention,
    dedupe_rows: Number.POSITIVE_INFINITY,
    adopts: isSessionRow,
    log: {
      ...warnings,
      warn(fields, message) {
        if (journal.state === "opening" && isOfSegment(fields, log.path)) unread = `${pathOf(fields)}: ${message}`;
        else warnings.warn(fields, message);
      },
    },
  });
  journal.onStateChange((state, message) => {
    if (state === "failed") failure = message;
  });
  progress.show(`${log.path}: reading`);
  try {
    // The journal would wait for its directory, as a service does.
    await nodeDisk.makeDirectory(dirname(log.path));
    await journal.open();
  } catch (error) {
    if (error instanceof JournalOpenError) throw new WorkError(error.message);
    throw new WorkError(`${dirname(log.path)}: cannot be made: ${describeFileError(error)}`);
  } finally {
    progress.clear();
  }
  const close = () => journal.drain();
  if (unread !== undefined) {
    await close();
    throw new WorkError(`${unread}; nothing is imported, since its rows might be stored twice`);
  }
  return { journal, close, failure: () => failure };
}

/** A service goes on without a sealed segment that it cannot read; rows in it would not be known again. */
function isOfSegment(fields: object, log_path: string): boolean {
  return parseSegmentName(basename(pathOf(fields)))?.stem === basename(log_path, ".jsonl");
}

function pathOf(fields: object): string {
  return "path" in fields ? String(fields.path) : "";
}

/** What fails is told by whoever waits for it. */
function createWarnings(progress: Progress, { stderr }: CliContext): JournalLog {
  return {
    info() {},
    warn(fields, message) {
      progress.clear();
      const path = pathOf(fields);
      stderr.write(`sessionlog: ${path === "" ? "" : `${path}: `}${message}\n`);
    },
    error() {},
  };
}
