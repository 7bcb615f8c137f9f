import { basename, join, resolve } from "node:path";
import { describeFileError, errorCode } from "../../config/errors.js";
import {
  type Finding,
  findJournals,
  type Inspected,
  inspectJournal,
  type JournalNames,
  nodeDisk,
} from "../../journal/index.js";
import { NotInstalledError } from "../../query/errors.js";
import { isSessionLine } from "../../record/index.js";
import { type CliContext, WorkError, write } from "../context.js";
import { formatViolations } from "../ingest/line_record.js";
import type { RowCheck } from "../ingest/row_check.js";
import { createProgress } from "../progress.js";
import { stopOnSignal } from "../signals.js";

/** What was found in one journal, or in a directory without one. */
export interface JournalTally extends Inspected {
  /** As the user named it. */
  readonly directory: string;
  readonly legacy: number;
  readonly problems: number;
  /** Segments that questions read from a Parquet copy. */
  readonly compacted: number;
}

const EMPTY = { segments: 0, rows: 0, sequences: undefined, copies: 0, legacy: 0, compacted: 0 };
/** For DuckDB, which reads the copies. */
const MEMORY_BYTES = 1024 ** 3;

/**
 * Verifies the journals of a directory and prints what it finds.
 *
 * @param directory as the user named it
 * @param stem the one journal to check; undefined for all
 * @param deep whether Parquet copies are compared with their segments, row by row
 */
export async function verifyDirectory(
  directory: string,
  stem: string | undefined,
  deep: boolean,
  check: RowCheck,
  context: CliContext,
): Promise<readonly JournalTally[]> {
  const absolute = resolve(context.cwd, directory);
  try {
    const { journals, foreign } = await findJournals(nodeDisk, absolute, isSessionLine);
    const wanted = journals.filter((names) => stem === undefined || names.stem === stem);
    const others = foreign.filter(({ file }) => stem === undefined || file === `${stem}.jsonl`);
    await write(context.stdout, others.map((finding) => printFinding(directory, finding)).join(""));
    const problems = others.filter(isProblem).length;
    if (wanted.length === 0) {
      const none = `there is no session log here${stem === undefined ? "" : ` named ${stem}.jsonl`}`;
      await write(context.stdout, `${directory}: ${none}\n`);
      return [{ ...EMPTY, directory, problems: problems + 1 }];
    }
    const tallies: JournalTally[] = problems > 0 ? [{ ...EMPTY, directory, problems }] : [];
    for (const names of wanted) tallies.push(await verifyJournal(directory, names, deep, check, context));
    return tallies;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    await write(context.stdout, `${directory}: cannot be read: ${describeFileError(error)}\n`);
    return [{ ...EMPTY, directory, problems: 1 }];
  }
}

async function verifyJournal(
  directory: string,
  names: JournalNames,
  deep: boolean,
  check: RowCheck,
  context: CliContext,
): Promise<JournalTally> {
  const { stdout, stderr, monotonic_ms, sleep } = context;
  const progress = createProgress(stderr, monotonic_ms);
  let report = "";
  let rows = 0;
  let legacy = 0;
  let problems = 0;
  const onFinding = (finding: Finding) => {
    if (isProblem(finding)) problems += 1;
    report += printFinding(directory, finding);
  };
  const rest = async () => {
    if (report !== "") progress.clear();
    await write(stdout, report);
    report = "";
    progress.show(`${names.stem}: ${rows} rows`);
  };
  const inspected = await inspectJournal({
    disk: nodeDisk,
    names,
    sleep,
    rest,
    onFinding,
    onLine({ bytes, file, number, ended }) {
      rows += 1;
      const row = check({ number, bytes, ending: ended ? "\n" : "" });
      if (row.kind === "legacy") legacy += 1;
      if (!ended && row.kind !== "refused")
        onFinding({ severity: "note", file, message: "its last row has no newline" });
      if (row.kind !== "refused") return;
      problems += 1;
      report += `${join(directory, file)}:${number}: ${formatViolations(row.violations)}\n`;
    },
  });
  await rest();
  const compacted = inspected.copies > 0 ? await verifyParquet(names, deep, onFinding, context) : 0;
  await rest();
  progress.clear();
  return { ...inspected, directory, legacy, problems, compacted };
}

async function verifyParquet(
  names: JournalNames,
  deep: boolean,
  onFinding: (finding: Finding) => void,
  { signals, supervisor }: CliContext,
): Promise<number> {
  const stop = stopOnSignal(signals);
  try {
    const { verifyCopies } = await import("../../query/index.js");
    const { signal } = stop;
    const onTemporary = (path: string) => supervisor?.temporary(path);
    return await verifyCopies(names, { deep, memory_bytes: MEMORY_BYTES, signal, onFinding, onTemporary });
  } catch (error) {
    if (stop.signal.aborted) throw new WorkError(String(stop.signal.reason?.message));
    // Asked for, it is not to be left out with a note.
    if (deep || !(error instanceof NotInstalledError)) throw error;
    const file = basename(names.parquet_checksums);
    onFinding({
      severity: "note",
      file,
      message: "what is in the Parquet copies is not checked: DuckDB is not installed",
    });
    return 0;
  } finally {
    stop.end();
  }
}

function isProblem({ severity }: Finding): boolean {
  return severity === "problem";
}

function printFinding(directory: string, { severity, file, message }: Finding): string {
  return `${join(directory, file)}: ${severity === "note" ? "note: " : ""}${message}\n`;
}

/** Whether all are sound, in one line. */
export function verdict(tallies: readonly JournalTally[]): string {
  const sum = (of: (tally: JournalTally) => number) => tallies.reduce((total, tally) => total + of(tally), 0);
  const problems = sum((tally) => tally.problems);
  const legacy = sum((tally) => tally.legacy);
  const segments = sum((tally) => tally.segments);
  const compacted = sum((tally) => tally.compacted);
  const rows = sum((tally) => tally.rows);
  const [only, ...others] = tallies.filter((tally) => tally.segments > 0);
  const sequences = others.length === 0 ? only?.sequences : undefined;
  const facts = [
    ...(others.length > 0 ? [count(others.length + 1, "session log")] : []),
    count(segments, "segment"),
    count(rows, "row"),
    ...(legacy > 0 ? [`${legacy} of them legacy`] : []),
    ...(compacted > 0 ? [`${count(compacted, "segment")} compacted`] : []),
    ...(sequences === undefined ? [] : [`sequences ${sequences.first} to ${sequences.last}`]),
  ].join(", ");
  if (problems === 0) return `sound: ${facts}`;
  const where = new Set(tallies.filter((tally) => tally.problems > 0).map(({ directory }) => directory));
  return `not sound: ${count(problems, "problem")} in ${[...where].join(", ")}; ${facts}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
