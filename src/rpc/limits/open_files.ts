import { readFileSync } from "node:fs";

/** Kept for the session log, its segments and what Node itself opens. */
const KEPT_FILES = 64;
/** The part of all descriptors that connections may take. */
const SHARE = 0.8;

/** How many connections there may be at once: as configured, and never more than leave room for the session log's files. */
export function connectionsMax(configured: number, open_files_max = openFilesMax()): number {
  return Math.max(1, Math.min(configured, Math.floor(open_files_max * SHARE) - KEPT_FILES));
}

/** RLIMIT_NOFILE, of which Node has no function; no limit where the system does not say. */
function openFilesMax(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
