import type { Random } from "./random.js";
import type { CrashMode, SimulatedFile } from "./simulated_file.js";

/** The names in one directory: those that readers see, and those that are sure to be there after a crash. */
export interface SimulatedNames {
  names(): readonly string[];
  get(name: string): SimulatedFile | undefined;
  set(name: string, file: SimulatedFile): void;
  remove(name: string): void;
  rename(from: string, to: string): void;
  sync(): void;
  /** The names as the next boot finds them; `reborn` gives the file that a file has become. */
  afterCrash(random: Random, mode: CrashMode, reborn: (file: SimulatedFile) => SimulatedFile): SimulatedNames;
}

type Names = Map<string, SimulatedFile>;
/** One step of a directory: names that go, and then names that come, together. */
interface Change {
  readonly gone: readonly string[];
  readonly come: readonly (readonly [string, SimulatedFile])[];
}

interface NamesState {
  readonly seen: Names;
  readonly durable: Names;
  readonly changes: readonly Change[];
}

export function createSimulatedNames(state?: NamesState): SimulatedNames {
  const seen: Names = new Map(state?.seen);
  const durable: Names = new Map(state?.durable);
  let changes: Change[] = [...(state?.changes ?? [])];

  function change(gone: readonly string[], come: Change["come"]): void {
    for (const name of gone) unlink(name);
    for (const [name, file] of come) {
      unlink(name);
      file.links++;
      seen.set(name, file);
    }
    changes.push({ gone, come });
  }

  function unlink(name: string): void {
    const file = seen.get(name);
    if (file === undefined) return;
    file.links--;
    seen.delete(name);
  }

  return {
    names: () => [...seen.keys()].sort(),
    get: (name) => seen.get(name),
    set: (name, file) => change([], [[name, file]]),
    remove: (name) => change([name], []),
    rename(from, to) {
      const file = seen.get(from);
      if (file !== undefined) change([from], [[to, file]]);
    },
    sync() {
      for (const made of changes) apply(durable, made);
      changes = [];
    },
    afterCrash(random, mode, reborn) {
      const rebornNames = (names: Names): Names => new Map([...names].map(([name, file]) => [name, reborn(file)]));
      const found = mode === "killed" ? seen : new Map(durable);
      if (mode !== "killed" && mode !== "lost") {
        const made = mode === "torn" ? random.below(changes.length + 1) : changes.length;
        for (const change of changes.slice(0, made)) apply(found, change);
      }
      const names = rebornNames(found);
      for (const file of names.values()) file.links++;
      if (mode !== "killed") return createSimulatedNames({ seen: names, durable: names, changes: [] });
      const rebornChanges = changes.map(({ gone, come }) => ({
        gone,
        come: come.map(([name, file]) => [name, reborn(file)] as const),
      }));
      return createSimulatedNames({ seen: names, durable: rebornNames(durable), changes: rebornChanges });
    },
  };
}

function apply(names: Names, { gone, come }: Change): void {
  for (const name of gone) names.delete(name);
  for (const [name, file] of come) names.set(name, file);
}
