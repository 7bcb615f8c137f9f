/** How often something happened, of how many. */
export interface Share {
  readonly hits: number;
  readonly of: number;
}

/** How far two shares differ beyond chance: the z of two proportions. 0 when one has no sample or they cannot differ. */
export function zOf(now: Share, before: Share): number {
  const pooled = (now.hits + before.hits) / (now.of + before.of);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / now.of + 1 / before.of));
  const z = (now.hits / now.of - before.hits / before.of) / error;
  return Number.isFinite(z) ? z : 0;
}

/** The 95 % interval of a share (Wilson), 0 to 1. */
export function interval({ hits, of }: Share): readonly [low: number, high: number] {
  if (of === 0) return [0, 1];
  const z = 1.96;
  const share = hits / of;
  const scale = 1 + (z * z) / of;
  const centre = (share + (z * z) / (2 * of)) / scale;
  const margin = (z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of))) / scale;
  return [centre - margin, centre + margin];
}

/** The sum of shares, as of several weeks. */
export function sumShares(shares: readonly Share[]): Share {
  return shares.reduce((sum, { hits, of }) => ({ hits: sum.hits + hits, of: sum.of + of }), { hits: 0, of: 0 });
}

/** Changes beyond this are hardly chance. */
export const Z_NOTABLE = 2;
/** Shares of fewer sessions are shown pale. */
export const FEW = 20;
