import { cpus, loadavg } from "node:os";

/** @param {readonly number[]} numbers  at least one */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The 95 % interval of the median, by order statistics: between which sorted values it lies, whatever the distribution.
 * @param {readonly number[]} numbers  at least six
 * @returns {[number, number]}
 */
export function medianInterval(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const { length } = sorted;
  // The largest rank whose lower tail of the binomial distribution (n, 1/2) holds at most 2.5 %.
  let rank = 0;
  let term = 0.5 ** length;
  for (let tail = term; tail <= 0.025; tail += term) {
    rank += 1;
    term *= (length - rank + 1) / rank;
  }
  const low = Math.max(rank, 1) - 1;
  return [sorted[low], sorted[length - 1 - low]];
}

/** @param {readonly number[]} numbers  at least one */
export function p99(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * 0.99)];
}

/** What the figures were measured on, in one line; says so when others were at work there already. */
export function machine() {
  const [first, ...others] = cpus();
  const load = loadavg()[0];
  const busy = load > 0.5 ? `; BUSY with other work (load ${load.toFixed(1)}): figures are low and uneven` : "";
  return `Node ${process.version}, ${others.length + 1} × ${first?.model.trim() ?? "unknown processor"}${busy}`;
}

/**
 * A table whose columns fit; numbers to the right.
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
export function table(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (cells) =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join("  ");
  return [line(head), ...rows.map(line)].join("\n");
}

/** 12,345 */
export function whole(number) {
  return Math.round(number).toLocaleString("en-US");
}
