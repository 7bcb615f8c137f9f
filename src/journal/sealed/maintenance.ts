import { basename } from "node:path";
import type { Clock } from "../clock.js";
import type { Disk } from "../disk/disk.js";
import { errorText } from "../disk/errors.js";
import { readBlocks, syncDirectory } from "../disk/files.js";
import { compressedName, type JournalNames } from "../format.js";
import type { FilePolicies, JournalLog, JournalObserver } from "../types.js";
import { type Checksums, digestOf, readChecksums, withChecksums, writeChecksums } from "./checksums.js";
import { compressSegment } from "./compress.js";
import { underMaintenanceLock } from "./maintenance_lock.js";
import { hasOddLines } from "./odd_lines.js";
import { clockJumped, surplusSegments } from "./retention.js";
import { listSegments, type Segment, segmentPaths } from "./segments.js";

/** `compress` and `retention` may change; `wake` applies them. */
export interface MaintenanceOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly names: JournalNames;
  /** See JournalOptions. */
  readonly isOdd: (line: Buffer | undefined) => boolean;
  readonly log: JournalLog;
  readonly observer: JournalObserver;
  readonly compress: FilePolicies["compress"];
  readonly retention: FilePolicies["retention"];
  /** The file being written. */
  readonly active: () => { readonly bytes: number; readonly rows: number };
}

/** Maintains the sealed segments in the background, one at a time: checksums, compression, retention. */
export interface Maintenance {
  /**
   * Starts the work, or repeats it after the run in progress.
   *
   * @param own a sealed file in which every row is from this process, so that none of its lines is odd
   */
  wake(own?: string): void;
  /** Ends the work in progress; the next start completes it. */
  stop(): Promise<void>;
}

/** Segments waiting for compression above which a warning is logged. */
const WAITING_MAX = 4;
const INTERVAL_MS = 60_000;
/** After a failure; the same failure is logged once. */
const RETRY_MS = 5_000;

export function createMaintenance(options: MaintenanceOptions): Maintenance {
  const { disk, clock, names, log, observer } = options;
  const stopped = new AbortController();
  const since = clock.reading();
  let work: Promise<void> = Promise.resolve();
  let working = false;
  let again = false;
  let lagging = false;
  let failure: string | undefined;
  let clock_distrusted = false;
  let timer: { cancel(): void } | undefined;
  const own_segments = new Set<string>();

  function wake(own?: string): void {
    if (own !== undefined) own_segments.add(own);
    again = true;
    if (working || stopped.signal.aborted) return;
    working = true;
    work = run();
  }

  async function run(): Promise<void> {
    timer?.cancel();
    while (again && !stopped.signal.aborted) {
      again = false;
      const before = failure;
      try {
        await maintain();
        failure = undefined;
      } catch (error) {
        failure = errorText(error);
        if (stopped.signal.aborted) continue;
        observer.maintenanceFailed();
        if (failure === before) continue;
        log.warn({ path: names.directory }, `sealed segments cannot be maintained, trying again: ${failure}`);
      }
    }
    // Without an await since the loop's last check of `again`: a wake in between would be lost.
    working = false;
    if (!stopped.signal.aborted) timer = clock.after(failure === undefined ? INTERVAL_MS : RETRY_MS, () => wake());
  }

  async function maintain(): Promise<void> {
    const checksums = await readChecksums(disk, names);
    const unfinished = (await listSegments(disk, names)).segments.filter((segment) => !isFinished(segment, checksums));
    warnLag(unfinished.length);
    for (const segment of unfinished) {
      // Another process may have changed the list since.
      await locked(async () => finalizeSegment(segment, await readChecksums(disk, names)));
    }
    const { max_age_ms, max_bytes, max_segments } = options.retention;
    if (max_age_ms + max_bytes + max_segments > 0) await locked(retain);
  }

  const locked = (work: () => Promise<void>) => underMaintenanceLock(disk, names, sleep, stopped.signal, work);

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        waiting.cancel();
        stopped.signal.removeEventListener("abort", done);
        resolve();
      };
      const waiting = clock.after(ms, done);
      stopped.signal.addEventListener("abort", done);
    });
  }

  function warnLag(waiting: number): void {
    const lags = options.compress !== "none" && waiting > WAITING_MAX;
    if (lags && !lagging) log.warn({ path: names.directory, segments: waiting }, "compression lags behind rotation");
    lagging = lags;
  }

  function isFinished(segment: Segment, checksums: Checksums): boolean {
    const { plain, compressed } = segment;
    const unwanted = options.compress !== "none" || compressed.length > 0 ? plain : undefined;
    const [path] = segmentPaths(segment);
    return unwanted === undefined && path !== undefined && checksums.has(basename(path));
  }

  /** Completes one segment from any state that a crash can leave. */
  async function finalizeSegment(segment: Segment, checksums: Checksums): Promise<void> {
    const { plain, compressed } = segment;
    if (plain !== undefined && compressed.some((path) => checksums.has(basename(path)))) return remove([plain]);
    // A compressed twin without a checksum was not finished; the plain file has all rows.
    if (plain !== undefined && compressed.length > 0) await remove(compressed);
    if (plain !== undefined && options.compress !== "none") {
      const odd = await isOddSegment(plain);
      const digest = await compressSegment(disk, plain, options.compress, stopped.signal);
      const added = new Map([[compressedName(plain, options.compress), { digest, odd }]]);
      const next = withChecksums(checksums, [plain], added);
      await writeChecksums(disk, names, next);
      await remove([plain]);
      observer.segmentCompressed();
      return;
    }
    const [path] = segmentPaths(segment);
    if (path === undefined || checksums.has(basename(path))) return;
    const odd = await isOddSegment(path);
    const digest = await digestOf(readBlocks(disk, path));
    await writeChecksums(disk, names, withChecksums(checksums, [], new Map([[path, { digest, odd }]])));
  }

  /** Reads the segment, unless this process has written all of it. */
  async function isOddSegment(path: string): Promise<boolean> {
    return !own_segments.delete(path) && hasOddLines(disk, path, options.isOdd, stopped.signal);
  }

  async function retain(): Promise<void> {
    const { segments } = await listSegments(disk, names);
    const facts = await Promise.all(segments.map(segmentFacts));
    const surplus = surplusSegments(options.retention, facts, options.active(), trustedNow());
    const removed = segments.slice(0, surplus);
    const paths = removed.flatMap(segmentPaths);
    if (paths.length === 0) return;
    await writeChecksums(disk, names, withChecksums(await readChecksums(disk, names), paths, new Map()));
    // The copies first: they must not outlive their segments.
    await remove(removed.flatMap(({ parquet }) => parquet ?? []));
    await remove(paths);
    observer.segmentsRemoved(surplus);
    log.info(
      { path: names.directory, segments: surplus, through: segments[surplus - 1]?.last },
      "removed the oldest sealed segments",
    );
  }

  /** Now; undefined while the wall clock differs from the monotonic one, so that age removes nothing. */
  function trustedNow(): number | undefined {
    const jumped = clockJumped(since, clock.reading());
    if (jumped && !clock_distrusted && options.retention.max_age_ms > 0) {
      log.warn({}, "the wall clock has jumped by more than an hour; retention by age pauses");
    }
    clock_distrusted = jumped;
    return jumped ? undefined : clock.now();
  }

  async function segmentFacts(segment: Segment): Promise<{ bytes: number; sealed_at: number }> {
    const found = await Promise.all(segmentPaths(segment).map((path) => disk.status(path)));
    const files = found.filter((status) => status !== undefined);
    return {
      bytes: files.reduce((sum, { size }) => sum + size, 0),
      sealed_at: Math.max(...files.map(({ modified_ms }) => modified_ms)),
    };
  }

  async function remove(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    for (const path of paths) await disk.remove(path);
    await syncDirectory(disk, names.directory);
  }

  return {
    wake,
    async stop() {
      stopped.abort();
      timer?.cancel();
      await work;
    },
  };
}
