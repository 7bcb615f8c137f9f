/**
 * The digests of the last rows, each with its row's sequence.
 *
 * In typed arrays: as strings in a Map, each would outlive the collections of young memory and be copied by them, which
 * costs more than all searches.
 */
export interface DedupeWindow {
  /** The sequence of the row with this digest, or undefined. */
  find(digests: Digests, index: number): number | undefined;
  /** Adds the digest of a durable row unless it is present; a full window drops its oldest. */
  add(digests: Digests, index: number, sequence: number): void;
}

/** Digests of SHA-256, one after the other. */
export type Digests = Int32Array;

/** Of one digest. */
export const DIGEST_WORDS = 8;

const ROWS_MAX = 16_000_000;
const ROWS_FIRST = 1024;
/** Three of four slots are empty, so that most searches end at the first. */
const SLOTS_PER_ROW = 4;

/** An empty window of at most `rows` rows; at most 16 million, also for Infinity; 0 for none. */
export function createDedupeWindow(rows: number): DedupeWindow {
  const places_max = Math.min(rows, ROWS_MAX);
  let places = Math.min(places_max, ROWS_FIRST);
  let digests = new Int32Array(places * DIGEST_WORDS);
  let sequences = new Float64Array(places);
  let slots = createSlots(places);
  let used = 0;
  /** Where the next digest goes: where the oldest one is, once all places are used. */
  let next = 0;

  /** A full window drops its oldest by itself, so that places are in the order of their age, from `next` on. */
  function takePlace(): number {
    const place = next;
    if (used === places_max) remove(slots, digests, place);
    else if (used++ === places) grow();
    next = (next + 1) % places_max;
    return place;
  }

  function grow(): void {
    places = Math.min(places * 2, places_max);
    const [old_digests, old_sequences] = [digests, sequences];
    digests = new Int32Array(places * DIGEST_WORDS);
    digests.set(old_digests);
    sequences = new Float64Array(places);
    sequences.set(old_sequences);
    slots = createSlots(places);
    for (let place = 0; place < old_sequences.length; place++)
      slots[findSlot(slots, digests, digests, place)] = place + 1;
  }

  return {
    find(wanted, index) {
      const entry = slots[findSlot(slots, digests, wanted, index)] ?? 0;
      return entry === 0 ? undefined : sequences[entry - 1];
    },
    add(added, index, sequence) {
      if (places_max === 0 || slots[findSlot(slots, digests, added, index)] !== 0) return;
      const place = takePlace();
      digests.set(added.subarray(index * DIGEST_WORDS, (index + 1) * DIGEST_WORDS), place * DIGEST_WORDS);
      sequences[place] = sequence;
      slots[findSlot(slots, digests, digests, place)] = place + 1;
    },
  };
}

/** For each digest of a list, the index of the first one that is equal: its own when there is none before it. */
export function firstEqual(digests: Digests): Int32Array {
  const count = digests.length / DIGEST_WORDS;
  const slots = createSlots(count);
  return Int32Array.from({ length: count }, (_, index) => {
    const slot = findSlot(slots, digests, digests, index);
    slots[slot] ||= index + 1;
    return (slots[slot] ?? 0) - 1;
  });
}

/**
 * A hash table with open addressing: a digest's place + 1, or 0. A digest is random, so its first word says where to
 * begin.
 */
type Slots = Int32Array;

function createSlots(places: number): Slots {
  return new Int32Array(2 ** Math.ceil(Math.log2(Math.max(places, 1) * SLOTS_PER_ROW)));
}

/** The slot of a digest among those in `digests`, or the empty one where it belongs. */
function findSlot(slots: Slots, digests: Digests, wanted: Digests, index: number): number {
  const mask = slots.length - 1;
  let slot = (wanted[index * DIGEST_WORDS] ?? 0) & mask;
  for (;;) {
    const entry = slots[slot] ?? 0;
    if (entry === 0 || isEqual(digests, entry - 1, wanted, index)) return slot;
    slot = (slot + 1) & mask;
  }
}

function isEqual(a: Digests, a_index: number, b: Digests, b_index: number): boolean {
  const a_at = a_index * DIGEST_WORDS;
  const b_at = b_index * DIGEST_WORDS;
  for (let word = 0; word < DIGEST_WORDS; word++) if (a[a_at + word] !== b[b_at + word]) return false;
  return true;
}

/** Empties a place's slot. Those after it that a search would no longer reach move up. */
function remove(slots: Slots, digests: Digests, place: number): void {
  const mask = slots.length - 1;
  const homeOf = (entry: number) => (digests[(entry - 1) * DIGEST_WORDS] ?? 0) & mask;
  let gap = findSlot(slots, digests, digests, place);
  slots[gap] = 0;
  for (let slot = (gap + 1) & mask; ; slot = (slot + 1) & mask) {
    const entry = slots[slot] ?? 0;
    if (entry === 0) return;
    // A search that begins after the gap does not pass it.
    if (((slot - homeOf(entry)) & mask) < ((slot - gap) & mask)) continue;
    slots[gap] = entry;
    slots[slot] = 0;
    gap = slot;
  }
}
