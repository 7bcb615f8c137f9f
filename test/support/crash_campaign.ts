import { createJournal, type Journal, type JournalOptions } from "../../src/journal/index.js";
import { contentOf } from "./compression.js";
import { createManualClock, type ManualClock, settled } from "./manual_clock.js";
import { createRandom, type Random } from "./random.js";
import { CRASH_MODES, type CrashMode, createSimulatedDisk, type SimulatedDisk } from "./simulated_disk.js";

/** What a campaign may set of the journal: everything but what it provides itself. */
export type CampaignJournal = Partial<Omit<JournalOptions, "path" | "disk" | "clock" | "log" | "adopts" | "isOdd">>;

export interface CampaignOptions {
  /** The first scenario's; the following ones count up from it. */
  readonly seed: number;
  /** The campaign ends with the scenario in which it has made this many runs. */
  readonly runs: number;
  /** One of `of` campaigns that share the operations of each scenario: it crashes at every `of`-th; `index` from 0. */
  readonly part?: { readonly index: number; readonly of: number };
  readonly journal?: CampaignJournal;
  /** What a scenario does; by default any mixture of all steps. */
  readonly steps?: readonly StepKind[];
}

/** A run: one crash, the start after it (itself crashed again in some), and the checks. */
export interface CampaignResult {
  readonly seed: number;
  readonly scenarios: number;
  readonly runs: number;
  readonly crashes: Readonly<Record<CrashMode, number>>;
  /** Crashes during the start after a crash. */
  readonly crashes_at_start: number;
  readonly rows_acknowledged: number;
  /** Acknowledged or not. */
  readonly rows_found: number;
  /** Files that a start has moved a torn end to. */
  readonly torn_files: number;
  /** What went wrong, a line each that names what repeats it; at most VIOLATIONS_MAX. */
  readonly violations: readonly string[];
}

const STEP_KINDS = [
  "append",
  "repeat",
  "reopen",
  "rotate",
  "restart",
  "tick",
  "garbage",
  "short_write",
  "failed_sync",
] as const;
/**
 * - `append`: several callers at once, each some calls one after the other
 * - `repeat`: sends again what was sent before, acknowledged or not; only with dedupe
 * - `restart`: drain, and a new journal
 * - `tick`: time passes
 * - `garbage`: as `restart`, and meanwhile another program puts a bad line between two rows
 * - `short_write`: the disk is full for a moment
 * - `failed_sync`: a sync fails, the process ends, and the next one starts on the same page cache
 */
export type StepKind = (typeof STEP_KINDS)[number];

const PATH = "/data/log.jsonl";
const VIOLATIONS_MAX = 20;
const CALLERS = 3;
const LINES_MAX = 30;

/** Crashes at every operation of seeded scenarios, in every mode, and checks what the next start makes of it. */
export async function runCrashCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const crashes: Record<CrashMode, number> = { killed: 0, kept: 0, lost: 0, torn: 0, nuls: 0 };
  const violations: string[] = [];
  const { index, of } = options.part ?? { index: 0, of: 1 };
  const totals = { scenarios: 0, runs: 0, crashes_at_start: 0, rows_acknowledged: 0, rows_found: 0, torn_files: 0 };
  while (totals.runs < options.runs && violations.length < VIOLATIONS_MAX) {
    // Other operations in each scenario.
    const first = 1 + ((index + 5 * totals.scenarios) % of);
    const seed = options.seed + totals.scenarios++;
    for (let crash_at = first; violations.length < VIOLATIONS_MAX; crash_at += of) {
      const scenario = await playScenario(options, seed, crash_at);
      for (const mode of CRASH_MODES) {
        const run = await recoverFrom(options, scenario, mode, createRandom(seed * 1000 + crash_at));
        totals.runs++;
        totals.crashes_at_start += run.crashes_at_start;
        totals.rows_acknowledged += scenario.model.told.size;
        totals.rows_found += run.rows_found;
        totals.torn_files += run.torn_files;
        crashes[mode]++;
        for (const text of run.violations)
          violations.push(`seed ${seed}, crash at operation ${crash_at}, ${mode}: ${text}`);
      }
      if (!scenario.crashed) break;
    }
  }
  return { seed: options.seed, ...totals, crashes, violations: violations.slice(0, VIOLATIONS_MAX) };
}

/** What the callers know. */
interface Model {
  /** Sequence by line, as it was acknowledged. */
  readonly told: Map<string, number>;
  /** Every line that was ever handed over, in its caller's order. */
  readonly sent: Map<string, { readonly caller: number; readonly order: number }>;
  /** Lines that were sent more than once; where they stand is up to the send that succeeded. */
  readonly repeated: Set<string>;
  /** Old rows are removed, and may then be stored again. */
  readonly retains: boolean;
  readonly violations: string[];
}

interface Machine {
  readonly disk: SimulatedDisk;
  readonly clock: ManualClock;
  readonly model: Model;
  readonly random: Random;
  readonly options: CampaignOptions;
}

interface Scenario {
  readonly disk: SimulatedDisk;
  readonly clock: ManualClock;
  readonly model: Model;
  /** Whether it was long enough to reach the crash. */
  readonly crashed: boolean;
}

async function playScenario(options: CampaignOptions, seed: number, crash_at: number): Promise<Scenario> {
  const random = createRandom(seed);
  const clock = createManualClock();
  const model: Model = {
    told: new Map(),
    sent: new Map(),
    repeated: new Set(),
    retains: retains(options),
    violations: [],
  };
  const machine = { clock, model, random, options };
  let disk = createSimulatedDisk(clock.now);
  let journal = start({ ...machine, disk });
  let operations = 0;
  disk.cutPowerAt(crash_at);
  const crashed = (): boolean => operations + disk.operations.length >= crash_at;

  await openUnlessPowerless(journal, disk, model.violations);
  const step_count = 2 + random.below(6);
  for (let i = 0; i < step_count && !crashed(); i++) {
    const kind = chooseStep(options, random);
    const step = { ...machine, disk };
    if (kind === "append") await appendSome(step, journal);
    if (kind === "repeat") await repeatSome(step, journal);
    if (kind === "reopen") await journal.reopen();
    if (kind === "rotate") await journal.rotate();
    if (kind === "tick") await clock.advance(random.below(1500));
    if (kind === "short_write") {
      disk.failNextWrite(random.below(100), PATH);
      await appendSome(step, journal);
      await clock.advance(2000);
    }
    if (kind === "failed_sync") {
      if (random.chance(0.5)) disk.failNext("truncate", "EIO", PATH);
      disk.failNextSync("EIO", PATH);
      await appendSome(step, journal);
      if (journal.state !== "failed" || crashed()) continue;
      // The failed process ends; the next one finds the same page cache.
      operations += disk.operations.length;
      disk = disk.afterCrash(random, "killed");
      disk.cutPowerAt(crash_at - operations);
      journal = start({ ...machine, disk });
      await openUnlessPowerless(journal, disk, model.violations);
    }
    if (kind === "restart" || kind === "garbage") {
      await journal.drain();
      if (kind === "garbage" && !crashed()) insertGarbage(disk, random);
      journal = start({ ...machine, disk });
      await openUnlessPowerless(journal, disk, model.violations);
    }
  }
  if (!crashed()) {
    if (random.chance(0.5)) await appendSome({ ...machine, disk }, journal);
    await journal.drain();
  }
  return { disk, clock, model, crashed: crashed() };
}

function insertGarbage(disk: SimulatedDisk, random: Random): void {
  const lines = disk.content(PATH)?.toString().split("\n") ?? [];
  lines.splice(random.below(lines.length + 1), 0, random.chance(0.5) ? "" : "garbage");
  disk.put(PATH, lines.join("\n"));
}

function chooseStep({ steps = STEP_KINDS, journal }: CampaignOptions, random: Random): StepKind {
  const possible = steps.filter((kind) => kind !== "repeat" || (journal?.dedupe_rows ?? 0) > 0);
  if (possible.includes("append") && random.chance(0.4)) return "append";
  return possible[random.below(possible.length)] ?? "append";
}

function start({ disk, clock, options }: Pick<Machine, "disk" | "clock" | "options">): Journal {
  return createJournal({
    durability: "fsync",
    queue_rows: 65_536,
    queue_bytes: 64 * 1024 * 1024,
    rotation: { max_bytes: 0, interval: "none" },
    compress: "none",
    retention: { max_age_ms: 0, max_segments: 0, max_bytes: 0 },
    dedupe_rows: 0,
    ...options.journal,
    path: PATH,
    adopts: (line) => line.includes('"caller"'),
    isOdd: (line) => !line?.includes('"caller"'),
    log: { info: () => {}, warn: () => {}, error: () => {} },
    disk,
    clock,
  });
}

/** Resolves when the journal is open, or when it never will be because the power is gone. */
async function openUnlessPowerless(journal: Journal, disk: SimulatedDisk, violations: string[]): Promise<void> {
  const opened = journal.open().catch((error: unknown) => {
    if (!String(error).includes("EPOWER")) violations.push(`the start failed: ${String(error)}`);
  });
  await Promise.race([opened, disk.powerless.then(settled)]);
}

async function appendSome(machine: Machine, journal: Journal): Promise<void> {
  const { random, model } = machine;
  const callers = Array.from({ length: 1 + random.below(CALLERS) }, (_, caller) => {
    const calls = Array.from({ length: 1 + random.below(3) }, () => newLines(model, random, caller));
    return { calls, waits: random.chance(0.5) };
  });
  await Promise.all(
    callers.map(async ({ calls, waits }) => {
      if (!waits) return void (await Promise.all(calls.map((lines) => appendLines(model, journal, lines))));
      for (const lines of calls) await appendLines(model, journal, lines);
    }),
  );
}

function newLines({ sent }: Model, random: Random, caller: number): readonly string[] {
  return Array.from({ length: 1 + random.below(LINES_MAX) }, () => {
    const order = sent.size;
    const length = random.chance(0.05) ? random.below(9000) : random.below(120);
    const line = JSON.stringify({ caller, order, text: "x".repeat(length) });
    sent.set(line, { caller, order });
    return line;
  });
}

async function repeatSome({ random, model }: Machine, journal: Journal): Promise<void> {
  const lines = [...model.sent.keys()].slice(-1 - random.below(2 * LINES_MAX));
  const again = lines.slice(0, 1 + random.below(lines.length));
  for (const line of again) model.repeated.add(line);
  await appendLines(model, journal, again);
}

function retains({ journal }: CampaignOptions): boolean {
  return (journal?.retention?.max_segments ?? 0) > 0;
}

async function appendLines(
  { told, retains, violations }: Model,
  journal: Journal,
  lines: readonly string[],
): Promise<void> {
  const outcome = await journal.append(lines.map((line) => Buffer.from(`${line}\n`)));
  if (outcome.kind !== "appended") return;
  if (outcome.rows.length !== lines.length) violations.push(`${outcome.rows.length} answers to ${lines.length} lines`);
  for (const [i, { sequence }] of outcome.rows.entries()) {
    const line = lines[i] ?? "";
    const before = told.get(line);
    if (before !== undefined && before !== sequence && !retains)
      violations.push(`told ${before}, then ${sequence}: ${brief(line)}`);
    told.set(line, sequence);
  }
}

interface Run {
  readonly crashes_at_start: number;
  readonly rows_found: number;
  readonly torn_files: number;
  readonly violations: readonly string[];
}

/** Starts on what the crash left, goes on, stops, and checks after each. */
async function recoverFrom(
  options: CampaignOptions,
  scenario: Scenario,
  mode: CrashMode,
  random: Random,
): Promise<Run> {
  const { clock } = scenario;
  const { told, sent, repeated } = scenario.model;
  const model: Model = {
    told: new Map(told),
    sent: new Map(sent),
    repeated: new Set(repeated),
    retains: scenario.model.retains,
    violations: [...scenario.model.violations],
  };
  let disk = scenario.disk.afterCrash(random, mode);
  let crashes_at_start = 0;
  // The start is crashed too, again and again, at operations that come ever later.
  for (let at = random.below(12); random.chance(0.6); at += random.below(12)) {
    disk.cutPowerAt(at);
    await openUnlessPowerless(start({ disk, clock, options }), disk, model.violations);
    if (disk.operations.length < at) break;
    disk = disk.afterCrash(random, CRASH_MODES[random.below(CRASH_MODES.length)] ?? mode);
    crashes_at_start++;
  }
  disk = disk.afterCrash(random, "killed");
  const journal = start({ disk, clock, options });
  try {
    await journal.open();
    check(disk, model, "after the start");
    await appendSome({ disk, clock, model, random, options }, journal);
    check(disk, model, "after more appends");
    if ((options.journal?.dedupe_rows ?? 0) > 0) await repeatSome({ disk, clock, model, random, options }, journal);
    if (journal.state !== "open") model.violations.push(`state ${journal.state} after more appends`);
    await journal.drain();
    check(disk, model, "after the drain");
  } catch (error) {
    model.violations.push(`the start failed: ${String(error)}`);
  }
  return {
    crashes_at_start,
    rows_found: readJournal(disk).length,
    torn_files: disk.paths().filter((path) => path.includes(".torn-")).length,
    violations: model.violations,
  };
}

interface Found {
  readonly line: string;
  readonly sequence: number;
}

function check(disk: SimulatedDisk, { told, sent, repeated, violations }: Model, when: string): void {
  const say = (text: string): void => void violations.push(`${when}: ${text}`);
  const places = new Map<string, number>();
  const orders = new Map<number, number>();
  let last = 0;
  const found = readJournal(disk);
  for (const { line, sequence } of found) {
    const origin = sent.get(line);
    if (origin === undefined) say(`a line that nobody sent: ${brief(line)}`);
    if (places.has(line)) say(`twice, at ${places.get(line)} and ${sequence}: ${brief(line)}`);
    places.set(line, sequence);
    if (sequence <= last) say(`sequence ${sequence} follows ${last}`);
    last = sequence;
    if (origin === undefined || repeated.has(line)) continue;
    if (origin.order < (orders.get(origin.caller) ?? -1)) say(`out of its caller's order: ${brief(line)}`);
    orders.set(origin.caller, origin.order);
  }
  const oldest = found[0]?.sequence ?? 1;
  for (const [line, sequence] of told) {
    // What retention removed is older than everything that is there.
    if (sequence < oldest) continue;
    const place = places.get(line);
    if (place === undefined) say(`lost, told ${sequence}: ${brief(line)}`);
    else if (place !== sequence) say(`told ${sequence}, found at ${place}: ${brief(line)}`);
  }
  if (disk.content(PATH)?.at(-1) !== undefined && disk.content(PATH)?.at(-1) !== 0x0a) say("the last line has no end");
  for (const path of disk.paths()) if (/\.cut-\d+$/.test(path)) say(`left behind: ${path}`);
}

/** The rows in the journal's files by the names and the state file alone, independent of the production reader. */
function readJournal(disk: SimulatedDisk): readonly Found[] {
  const sealed = new Map<number, Buffer>();
  for (const path of disk.paths()) {
    const match = /^\/data\/log-(\d{20})-(\d{20})\.jsonl(\.gz|\.zst)?$/.exec(path);
    const bytes = disk.content(path);
    if (match === null || bytes === undefined) continue;
    const first = Number(match[1]);
    // While both are there, either has all the rows; but a compressed one may be unfinished.
    const plain = path.slice(0, path.length - (match[3]?.length ?? 0));
    if (path === plain) sealed.set(first, bytes);
    else if (!sealed.has(first) && disk.content(plain) === undefined) sealed.set(first, contentOf(path, bytes));
  }
  const state: unknown = JSON.parse(disk.content("/data/log.state")?.toString() ?? "{}");
  const active_first =
    typeof state === "object" && state !== null && "first_sequence" in state ? Number(state.first_sequence) : 1;
  const files = [...sealed].sort(([a], [b]) => a - b);
  return [...files, [active_first, disk.content(PATH) ?? Buffer.alloc(0)] as const].flatMap(([first, bytes]) =>
    bytes
      .toString()
      .split("\n")
      .filter((line) => line !== "")
      .map((line, i) => ({ line, sequence: first + i })),
  );
}

const brief = (line: string): string => (line.length > 60 ? `${line.slice(0, 60)}…` : line);
