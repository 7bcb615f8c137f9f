/**
 * @typedef {object} CampaignInput
 * @property {boolean} long
 * @property {number} seed
 * @property {import("../examples/generator/random.mjs").Random} random
 * @property {string} directory  empty, and removed afterwards
 */

/**
 * @typedef {object} Outcome
 * @property {Record<string, number | string>} figures  printed in one line
 * @property {string[]} broken  the promises that were not kept; empty when all is well
 */

/**
 * @typedef {object} Campaign
 * @property {string} name
 * @property {string} about
 * @property {boolean} [long_only]
 * @property {boolean} [may_skip]  not every machine allows it, CI's neither
 * @property {(input: CampaignInput) => Promise<Outcome>} run  throws `Skip` where the machine does not allow it
 */

/** Why a campaign cannot be run here. */
export class Skip extends Error {}
