import { WorkError } from "../context.js";
import type { Progress } from "../progress.js";
import type { Batch, RefusedRow } from "./batches.js";
import type { Rejects } from "./rejects.js";
import type { SendOutcome, SentRecord } from "./to_service.js";

export interface RowCounts {
  readonly appended: number;
  readonly duplicate: number;
  readonly refused: number;
}

/** How far storing got. */
export interface StoreOutcome {
  readonly counts: RowCounts;
  /** Undefined when every line was stored or refused. */
  readonly failure?: {
    readonly cause: "store" | "files";
    /** One line. */
    readonly message: string;
    /** All lines before this one are stored or reported as refused. */
    readonly resume_line: number;
  };
}

export const NO_ROWS: RowCounts = { appended: 0, duplicate: 0, refused: 0 };

/**
 * Stores the batches of a file one after the other, so that rows keep their order; the next one is read while one is
 * being stored. Stops at the first that cannot be stored.
 */
export async function storeBatches(options: {
  /** Name of the file in messages. */
  readonly file: string;
  readonly batches: AsyncGenerator<Batch>;
  readonly send: (records: readonly Uint8Array[]) => Promise<SendOutcome>;
  readonly rejects: Rejects;
  readonly progress: Progress;
  /** Called when a batch is stored, its refused rows reported. */
  readonly onStored?: (batch: Batch) => Promise<void>;
  /** Counts of earlier files. */
  readonly before?: RowCounts;
}): Promise<StoreOutcome> {
  const { file, batches, send, rejects, progress, onStored, before } = options;
  let counts = before ?? NO_ROWS;
  let resume_line = 1;
  let failure: StoreOutcome["failure"];
  try {
    let next = readAhead(batches);
    for (let turn = await next; !turn.done; turn = await next) {
      const batch = turn.value;
      next = readAhead(batches);
      const sent: SendOutcome =
        batch.rows.length === 0 ? { ok: true, results: [] } : await send(batch.rows.map(({ record }) => record));
      if (!sent.ok) {
        failure = { cause: "store", message: sent.message, resume_line };
        break;
      }
      const refused = refusedRows(batch, sent.results);
      counts = addCounts(counts, sent.results, refused.length);
      if (refused.length > 0) {
        progress.clear();
        await rejects.report(file, refused);
      }
      resume_line = batch.last_line + 1;
      await onStored?.(batch);
      const rows = counts.appended + counts.duplicate;
      const where = `${before === undefined ? "" : `${file}: `}line ${batch.last_line}`;
      progress.show(`${where}: ${rows} rows stored, ${counts.refused} refused`);
    }
  } catch (error) {
    // A file failed. What was stored before that is reported.
    if (!(error instanceof WorkError) || (resume_line === 1 && before === undefined)) throw error;
    failure = { cause: "files", message: error.message, resume_line };
  } finally {
    progress.clear();
  }
  return failure === undefined ? { counts } : { counts, failure };
}

function readAhead(batches: AsyncGenerator<Batch>): Promise<IteratorResult<Batch, unknown>> {
  const next = batches.next();
  // Awaited later; without a handler now, Node reports an unhandled rejection.
  next.catch(() => {});
  return next;
}

/** In the order of their lines. */
function refusedRows(batch: Batch, results: readonly SentRecord[]): readonly RefusedRow[] {
  const refused = [...batch.refused];
  for (const [index, { line }] of batch.rows.entries()) {
    const result = results[index];
    if (result?.kind === "refused") refused.push({ line, violations: result.violations, omitted: result.omitted });
  }
  return refused.sort((a, b) => a.line.number - b.line.number);
}

function addCounts(counts: RowCounts, results: readonly SentRecord[], refused: number): RowCounts {
  const of = (kind: string) => results.filter((result) => result.kind === kind).length;
  return {
    appended: counts.appended + of("appended"),
    duplicate: counts.duplicate + of("duplicate"),
    refused: counts.refused + refused,
  };
}
