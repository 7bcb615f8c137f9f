import { basename } from "node:path";
import { errorText } from "../disk/errors.js";
import { readRange } from "../disk/files.js";
import type { JournalNames } from "../format.js";
import { findDisorder, lastSequence, type Segment } from "../sealed/segments.js";
import type { Findings } from "./findings.js";
import { type OnNumberedLine, readNumbered } from "./inspect_rows.js";
import type { Snapshot } from "./snapshot.js";

/** What is known of a journal, and where to report. */
export interface ActiveInspection {
  readonly names: JournalNames;
  readonly snapshot: Snapshot;
  /** Sorted. */
  readonly segments: readonly Segment[];
  readonly found: Findings;
  readonly onLine: OnNumberedLine;
  readonly rest: () => Promise<void>;
}

/** The rows of an active file and the sequence of the first, as start would number them. */
export interface InspectedActive {
  readonly rows: number;
  readonly first_sequence: number;
}

/** Reads the active file and checks its place after the sealed ones, whose order is already checked. */
export async function inspectActive(inspection: ActiveInspection): Promise<InspectedActive> {
  const { names, snapshot, segments, found } = inspection;
  const { active, state } = snapshot;
  const sealed_last = lastSequence(segments);
  const first_sequence = Math.max(state?.first_sequence ?? 1, sealed_last + 1);
  reportState(inspection);
  if (active === undefined) found.note(names.active, "is missing; the next start creates it");
  const rows = await readActive(inspection);
  if (rows === undefined) return { rows: 0, first_sequence };
  // Between the renaming of a sealed file and the first row of the next one, the state is that of the sealed one.
  if (state !== undefined && (rows > 0 || state.first_sequence > sealed_last)) {
    const disorder = findDisorder(segments, { path: names.active, first: state.first_sequence });
    const ofActive = disorder.filter(({ path }) => path === names.active);
    for (const { path, message } of ofActive) found.problem(path, message);
  }
  const next = first_sequence + rows;
  const noted_next = state?.next_sequence ?? next;
  if (noted_next > next) {
    const missing = next === noted_next - 1 ? `sequence ${next} is` : `sequences ${next} to ${noted_next - 1} are`;
    found.problem(names.active, `${missing} missing at its end, according to ${basename(names.state)}`);
  }
  return { rows, first_sequence };
}

/** Undefined when it cannot be read, which is reported. */
async function readActive({ names, snapshot, found, onLine, rest }: ActiveInspection): Promise<number | undefined> {
  const { active } = snapshot;
  if (active === undefined) return 0;
  try {
    if (typeof active !== "string") return await readNumbered(readRange(active.file, 0, active.end), onLine, rest);
    found.problem(names.active, active);
  } catch (error) {
    found.problem(names.active, `cannot be read: ${errorText(error)}`);
  }
  return undefined;
}

function reportState({ names, snapshot, segments, found }: ActiveInspection): void {
  if (snapshot.state !== undefined) return;
  if (snapshot.present.includes(basename(names.state))) {
    found.problem(names.state, 'contains no sequence; expected {"first_sequence":N}');
  } else if (segments.length > 0) {
    found.note(names.state, "is missing; the next start continues after the sealed files");
  }
}
