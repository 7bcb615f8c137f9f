import { readFileSync } from "node:fs";

/** @returns {number} the resident memory of a process in MB, as Linux tells it */
export function residentMegabytes(pid) {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return (Number(kilobytes) * 1024) / 1e6;
}

/**
 * Looks at a process's resident memory ten times a second.
 * @returns {() => readonly number[]} ends it and gives the megabytes seen, in their order
 */
export function watchMemory(pid) {
  const seen = [residentMegabytes(pid)];
  const timer = setInterval(() => seen.push(residentMegabytes(pid)), 100);
  return () => {
    clearInterval(timer);
    return seen;
  };
}

/**
 * Whether it is flat: the most of each quarter of the time.
 * @param {readonly number[]} megabytes
 */
export function quarters(megabytes) {
  const edge = (quarter) => Math.floor((quarter * megabytes.length) / 4);
  return [0, 1, 2, 3].map((quarter) =>
    Math.max(...megabytes.slice(edge(quarter), Math.max(edge(quarter) + 1, edge(quarter + 1)))),
  );
}
