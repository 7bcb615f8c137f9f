// The people and places that the example sessions are about.

const firstNames =
  `Ana Ben Chloé Dmitri Elif Farid Greta Hana Igor José Katarzyna Liam Mei Nils Olga Priya Quentin Rosa Søren
  Tomás Ursula Viktor Wanda Ximena Yusuf Zoë Amara Bruno Carla Đorđe`.split(/\s+/);
const lastNames =
  `Ruiz Müller O'Brien Novák Kowalska Nguyễn Haddad Jensen Ferreira Yılmaz Okafor Petrov Larsson Bianchi Dubois
  Schröder Tanaka García Popescu Walsh Lindqvist Moreau Silva`.split(/\s+/);

/** Places of work, with letters beyond ASCII as real ones have. */
export const sites = ["Plant 7", "Dock 3", "Werk Köln-Niehl", "Hala Łódź", "Northgate DC", "Cold Store B"];

/** What people are hired as. */
export const roles = ["welder", "forklift driver", "picker", "packer", "electrician", "shift lead"];

/**
 * @typedef {object} Worker
 * @property {string} worker_id  W-1000 and up
 * @property {string} name
 * @property {string} role
 * @property {string} site
 * @property {boolean} active
 */

/**
 * @param {import("./random.mjs").Random} random
 * @param {number} count
 * @returns {Worker[]}
 */
export function makeRoster(random, count) {
  return Array.from({ length: count }, (_, index) => ({
    worker_id: `W-${1000 + index}`,
    name: `${firstNames[index % firstNames.length]} ${random.pick(lastNames)}`,
    // Every role has people, whatever the draw.
    role: roles[index % roles.length],
    site: random.pick(sites),
    active: !random.chance(0.08),
  }));
}

/**
 * @param {readonly Worker[]} roster
 * @returns {string} CSV with a header line
 */
export function rosterCsv(roster) {
  const lines = roster.map(({ worker_id, name, role, site, active }) =>
    [worker_id, name, role, site, active].join(","),
  );
  return `${["worker_id,name,role,site,active", ...lines].join("\n")}\n`;
}
