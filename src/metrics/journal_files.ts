import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { journalNames, listSegments, nodeDisk, type RowReader, segmentPaths } from "../journal/index.js";

/** What is known of a journal's files. */
export interface FileFigures {
  readonly segments: number;
  /** The active file and all segments, as they are on disk. */
  readonly bytes: number;
  /** The timestamp of the oldest row, in seconds since 1970; 0: unknown. */
  readonly oldest_row_s: number;
  /** Of the file system. */
  readonly free_bytes: number;
  readonly total_bytes: number;
}

export interface JournalFiles {
  readonly figures: FileFigures;
  /** Segments were sealed, compressed or removed: the next look lists them again. */
  segmentsChanged(): void;
  /** Looks at the files. Resolves soon, also when the disk hangs: the figures are then those of the last look. */
  refresh(): Promise<void>;
}

/** Another program may have removed segments, too. */
const LIST_INTERVAL_MS = 60_000;
const WAIT_MS = 50;

/** @param path of the active file; may lead to it by links */
export function createJournalFiles(
  path: string,
  reader: () => Pick<RowReader, "read" | "next_sequence">,
): JournalFiles {
  let figures: FileFigures = { segments: 0, bytes: 0, oldest_row_s: 0, free_bytes: 0, total_bytes: 0 };
  let sealed_bytes = 0;
  /** The file whose first row `oldest_row_s` is of: a segment's path, or what the active file is. */
  let oldest_file: string | undefined;
  let sealed_first: string | undefined;
  let listed_ms = Number.NEGATIVE_INFINITY;
  let changed = false;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    const names = journalNames(await nodeDisk.resolve(path));
    let { segments, oldest_row_s } = figures;
    if (changed || performance.now() - listed_ms > LIST_INTERVAL_MS) {
      changed = false;
      listed_ms = performance.now();
      const listed = (await listSegments(nodeDisk, names)).segments.map(segmentPaths);
      const found = await Promise.all(listed.flat().map((each) => nodeDisk.status(each)));
      sealed_bytes = found.reduce((sum, status) => sum + (status?.size ?? 0), 0);
      segments = listed.length;
      sealed_first = listed[0]?.[0];
    }
    const active = await nodeDisk.status(names.active);
    const { bavail, blocks, bsize } = await statfs(dirname(names.active));
    const oldest = sealed_first ?? active?.identity;
    if (oldest !== oldest_file && reader().next_sequence > 1) {
      oldest_row_s = await oldestRow();
      oldest_file = oldest;
    }
    const [free_bytes, total_bytes] = [bavail * bsize, blocks * bsize];
    figures = { segments, bytes: sealed_bytes + (active?.size ?? 0), oldest_row_s, free_bytes, total_bytes };
  }

  async function oldestRow(): Promise<number> {
    for await (const { lines } of reader().read(1)) {
      const [line] = lines;
      if (line !== undefined) return timestampOf(line);
    }
    return 0;
  }

  return {
    get figures() {
      return figures;
    },
    segmentsChanged() {
      changed = true;
    },
    async refresh() {
      looking ??= look()
        .catch(() => {
          // A directory that is not there yet, or not now, leaves the figures as they are.
          changed = true;
        })
        .finally(() => {
          looking = undefined;
        });
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, WAIT_MS);
      });
      await Promise.race([looking, late]);
      clearTimeout(timer);
    },
  };
}

function timestampOf(line: Buffer): number {
  try {
    const row: unknown = JSON.parse(line.toString());
    const time_ms = Date.parse(String(Object(row).timestamp));
    return Number.isNaN(time_ms) ? 0 : time_ms / 1_000;
  } catch {
    return 0;
  }
}
