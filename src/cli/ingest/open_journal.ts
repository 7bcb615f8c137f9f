import { basename, dirname } from "node:path";
import { BATCH_RECORDS_MAX } from "@sessionlog/protocol/gen/limits";
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
import { isOddLine, isSessionLine } from "../../record/index.js";
import { type CliContext, WorkError } from "../context.js";
import type { Progress } from "../progress.js";

/** At least the largest row. */
const QUEUE_BYTES_MAX = 8 * 1024 * 1024;

export interface OpenJournal {
  readonly journal: Journal;
  /** Stores what is queued, and releases the lock. */
  close(): Promise<void>;
  /** Why the journal failed; undefined while it has not. */
  failure(): string | undefined;
}

/** Takes the lock, so that no service can start to write, and reads every row, so that none is stored twice. */
export async function openJournal(config: Config, progress: Progress, context: CliContext): Promise<OpenJournal> {
  const { log, rotation, retention } = config;
  let failure: string | undefined;
  let unread: string | undefined;
  const warnings = createWarnings(progress, context);
  const journal = createJournal({
    path: log.path,
    durability: log.durability,
    // One batch at a time.
    queue_rows: BATCH_RECORDS_MAX,
    queue_bytes: QUEUE_BYTES_MAX,
    rotation,
    compress: rotation.compress,
    retention,
    dedupe_rows: Number.POSITIVE_INFINITY,
    adopts: isSessionLine,
    isOdd: isOddLine,
    log: {
      ...warnings,
      warn(fields, message) {
        if (journal.state === "opening" && isOfSegment(fields)) unread = `${pathOf(fields)}: ${message}`;
        else warnings.warn(fields, message);
      },
    },
  });
  journal.onStateChange((state, message) => {
    if (state === "failed") failure = message;
  });
  progress.show(`${log.path}: reading`);
  try {
    // Otherwise the journal would wait for its directory, as in a service.
    await nodeDisk.makeDirectory(dirname(await nodeDisk.resolve(log.path)));
    await journal.open();
  } catch (error) {
    if (error instanceof JournalOpenError) throw new WorkError(error.message);
    throw new WorkError(`${dirname(log.path)}: cannot be created: ${describeFileError(error)}`);
  } finally {
    progress.clear();
  }
  const close = () => journal.drain();
  if (unread !== undefined) {
    await close();
    throw new WorkError(`${unread}; nothing was imported, since its rows could be stored twice`);
  }
  return { journal, close, failure: () => failure };
}

/** A service continues without a sealed segment that it cannot read, but its rows would not be recognized here. */
function isOfSegment(fields: object): boolean {
  return parseSegmentName(basename(pathOf(fields))) !== undefined;
}

function pathOf(fields: object): string {
  return "path" in fields ? String(fields.path) : "";
}

/** Warnings only: an error is returned to the caller, who reports it. */
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
