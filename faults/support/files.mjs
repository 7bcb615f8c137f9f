// Reads a journal's files with code of its own: what the service's own reader would overlook is to be seen here.
import { execFile } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";

const run = promisify(execFile);

/**
 * @typedef {object} Rows
 * @property {(string | undefined)[]} ids  each row's session id in order; undefined where the line is not a JSON object
 * @property {boolean} torn  whether the last line lacks its "\n"
 */

/** @param {Buffer} bytes @returns {Rows} */
export function parseRows(bytes) {
  const lines = bytes.toString("utf8").split("\n");
  const last = lines.pop();
  return { ids: [...lines, ...(last === "" ? [] : [last])].map(idOf), torn: last !== "" };
}

function idOf(line) {
  try {
    return JSON.parse(line).session_id;
  } catch {
    return undefined;
  }
}

/**
 * The sealed segments, oldest first.
 * @param {string} path  the active file
 * @returns {Promise<{ first: number, last: number, plain?: string, gzip?: string }[]>}
 */
export async function listSealed(path) {
  const stem = basename(path, ".jsonl");
  const segments = new Map();
  for (const name of await readdir(dirname(path))) {
    const [, first, last, gz] = new RegExp(`^${stem}-(\\d{20})-(\\d{20})\\.jsonl(\\.gz)?$`).exec(name) ?? [];
    if (first === undefined) continue;
    const segment = segments.get(first + last) ?? { first: Number(first), last: Number(last) };
    segment[gz === undefined ? "plain" : "gzip"] = join(dirname(path), name);
    segments.set(first + last, segment);
  }
  return [...segments.values()].sort((a, b) => a.first - b.first || a.last - b.last);
}

/**
 * Reads one journal again and again; a gzipped segment, which never changes, only once.
 * @param {string} path  the active file
 * @param {readonly string[]} [moved]  files that others took away from there, oldest first; their rows count
 */
export function createInspector(path, moved = []) {
  const known = new Map();

  async function sealedRows({ plain, gzip }, broken) {
    if (gzip !== undefined && known.has(gzip)) return known.get(gzip);
    const bytes = plain && (await readFile(plain));
    const unzipped = gzip && gunzipSync(await readFile(gzip));
    if (bytes && unzipped && !bytes.equals(unzipped)) broken.push(`${plain} and its gzipped twin differ`);
    const rows = parseRows(bytes ?? unzipped);
    if (rows.torn) broken.push(`${plain ?? gzip}: the last line has no end`);
    if (gzip !== undefined) known.set(gzip, rows);
    return rows;
  }

  /**
   * @param {import("./ledger.mjs").Ledger} ledger
   * @returns {Promise<import("../../harness/outcome.mjs").Outcome>}
   */
  async function inspect(ledger) {
    const broken = [...ledger.broken];
    const numbers = new Map();
    const counts = { rows: 0, doubled: 0, unparsable: 0 };
    const take = ({ ids }, first) => {
      for (const [index, id] of ids.entries()) {
        if (id === undefined) counts.unparsable += 1;
        else if (numbers.has(id)) counts.doubled += 1;
        else numbers.set(id, first + index);
      }
      counts.rows += ids.length;
    };
    const sealed = await listSealed(path);
    let next = sealed[0]?.first ?? 1;
    for (const file of moved) {
      const rows = parseRows(await readFile(file));
      if (rows.torn) broken.push(`${basename(file)}: the last line has no end`);
      take(rows, next);
      next += rows.ids.length;
    }
    for (const segment of sealed) {
      const rows = await sealedRows(segment, broken);
      const name = basename(segment.gzip ?? segment.plain);
      if (segment.first !== next) broken.push(`${name}: expected sequence ${next}`);
      if (rows.ids.length !== segment.last - segment.first + 1) broken.push(`${name}: has ${rows.ids.length} rows`);
      take(rows, segment.first);
      next = segment.last + 1;
    }
    const active = parseRows(await readFile(path));
    if (active.torn) broken.push(`${basename(path)}: the last line has no end`);
    const { first_sequence } = JSON.parse(await readFile(path.replace(/\.jsonl$/, ".state"), "utf8"));
    if (first_sequence !== next) broken.push(`the active file begins at ${first_sequence}, expected ${next}`);
    take(active, first_sequence);
    const placed = [...ledger.acknowledged].map(([id, sequence]) => [sequence, numbers.get(id)]);
    const figures = {
      acknowledged: ledger.acknowledged.size,
      ...counts,
      missing: placed.filter(([, at]) => at === undefined).length,
      misnumbered: placed.filter(([sequence, at]) => at !== undefined && at !== sequence).length,
      segments: sealed.length,
    };
    for (const what of ["missing", "doubled", "misnumbered", "unparsable"]) {
      if (figures[what] > 0) broken.push(`${what}: ${figures[what]}`);
    }
    if (ledger.open.size === 0 && figures.rows !== figures.acknowledged) broken.push("rows that no caller sent");
    return { figures, broken };
  }

  return { inspect };
}

/**
 * What `sha256sum -c` has against the sealed segments; nothing when it is content, or there is nothing to check yet.
 * @param {string} path  the active file
 * @param {string} when  named in the complaint
 * @returns {Promise<string[]>}
 */
export async function checksumComplaints(path, when) {
  const checksums = basename(path).replace(/\.jsonl$/, ".sha256");
  const present = await stat(join(dirname(path), checksums)).catch(() => undefined);
  if (present === undefined || present.size === 0) return [];
  try {
    await run("sha256sum", ["--check", "--strict", "--quiet", checksums], { cwd: dirname(path) });
    return [];
  } catch (error) {
    return [`${when}, sha256sum -c: ${error.stdout}${error.stderr}`.trim()];
  }
}

/** Whether the background work is done: every sealed segment has its checksum and, when asked for, only its gzipped file. */
export async function isSettled(path, compressed) {
  const text = await readFile(path.replace(/\.jsonl$/, ".sha256"), "utf8").catch(() => "");
  return (await listSealed(path)).every(({ plain, gzip }) => {
    const file = compressed ? gzip : plain;
    return file !== undefined && text.includes(basename(file)) && (!compressed || plain === undefined);
  });
}
