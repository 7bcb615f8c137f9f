/** Objects with more keys have them in a set. */
const LISTED_KEYS_MAX = 16;

const BACKSLASH = 0x5c;
const [BASIS, PRIME] = [0x811c9dc5, 0x01000193];

/** The keys of the objects that are open below a line's own, as hashes. */
export interface NestedKeys {
  open(level: number): void;
  close(level: number): void;
  /** Whether the object of that level has had the key whose quotes are at `from` and before `to`, or one with the same hash. */
  meet(line: Buffer, from: number, to: number, level: number): boolean;
  clear(): void;
}

export function createNestedKeys(): NestedKeys {
  const hashes: number[] = [];
  /** Where the hashes of each level begin. */
  const begins: number[] = [];
  const sets = new Map<number, Set<number>>();
  let count = 0;
  return {
    open(level) {
      begins[level] = count;
    },
    close(level) {
      count = begins[level] ?? 0;
      if (sets.size > 0) sets.delete(level);
    },
    meet(line, from, to, level) {
      const hash = hashOfKey(line, from, to);
      const begin = begins[level] ?? 0;
      const set = sets.get(level);
      if (set !== undefined) return set.size === set.add(hash).size;
      for (let index = begin; index < count; index++) if (hashes[index] === hash) return true;
      hashes[count++] = hash;
      if (count - begin > LISTED_KEYS_MAX) sets.set(level, new Set(hashes.slice(begin, count)));
      return false;
    },
    clear() {
      count = 0;
      sets.clear();
    },
  };
}

/** FNV-1a of the key's text. */
function hashOfKey(line: Buffer, from: number, to: number): number {
  let hash = BASIS;
  for (let at = from + 1; at < to - 1; at++) {
    const byte = line[at] ?? 0;
    if (byte === BACKSLASH) return hashOf(Buffer.from(textOf(line, from, to)));
    hash = Math.imul(hash ^ byte, PRIME);
  }
  return hash;
}

function hashOf(text: Buffer): number {
  return text.reduce((hash, byte) => Math.imul(hash ^ byte, PRIME), BASIS);
}

/** The text whose quotes are at `from` and before `to`. */
export function textOf(line: Buffer, from: number, to: number): string {
  const value: unknown = JSON.parse(line.toString("utf8", from, to));
  return String(value);
}
