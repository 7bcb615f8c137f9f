// A seeded source of randomness. Only integer arithmetic and products, so that every engine draws the same numbers.

/**
 * @typedef {object} Random
 * @property {() => number} unit  a number in [0, 1)
 * @property {(low: number, high: number) => number} int  an integer in [low, high]
 * @property {<T>(items: readonly T[]) => T} pick  one of the items
 * @property {<T>(pairs: readonly (readonly [T, number])[]) => T} weighted  one of the first halves, by the weights beside them
 * @property {<T>(items: readonly T[], count: number) => T[]} sample  so many different items
 * @property {(probability: number) => boolean} chance
 * @property {(digits: number) => string} hex
 */

/**
 * @param {number} seed
 * @returns {Random}
 */
export function createRandom(seed) {
  let state = seed >>> 0;
  // mulberry32: 32 bits of state are plenty for a few hundred thousand draws.
  const unit = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const int = (low, high) => low + Math.floor(unit() * (high - low + 1));
  const pick = (items) => items[int(0, items.length - 1)];
  return {
    unit,
    int,
    pick,
    weighted(pairs) {
      let rest = unit() * pairs.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [item, weight] of pairs) {
        rest -= weight;
        if (rest < 0) return item;
      }
      return pairs[pairs.length - 1][0];
    },
    sample(items, count) {
      const left = [...items];
      return Array.from({ length: Math.min(count, left.length) }, () => left.splice(int(0, left.length - 1), 1)[0]);
    },
    chance: (probability) => unit() < probability,
    hex: (digits) => Array.from({ length: digits }, () => int(0, 15).toString(16)).join(""),
  };
}
