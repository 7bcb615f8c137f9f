import { statSync } from "node:fs";

/** For those who may read or write a file besides its owner and group. */
const OTHERS = 0o006;

/** Whether everyone on this machine may read or change a file; false where there is none. */
export function openToOthers(path: string): boolean {
  try {
    return (statSync(path).mode & OTHERS) !== 0;
  } catch {
    return false;
  }
}
