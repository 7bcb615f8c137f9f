import { basename, dirname } from "node:path";
import { DAEMON_LENGTH_MAX } from "@sessionlog/protocol/gen/limits";

/** Folders and files that are named after their place in a build, not after the program. */
const NO_NAME = /^(index|main|dist|build|out|lib|src|bin)$/;

/**
 * The name of the running program, reduced to what a daemon's name may contain: A-Z a-z 0-9 . _ -. Of
 * `validatord/dist/main.js` it is `validatord`. May be empty.
 */
export function programName(argv: readonly string[], executable: string): string {
  let path = argv[1] ?? executable;
  let name = basename(path).replace(/\.([cm]?[jt]s|exe)$/, "");
  while (NO_NAME.test(name) && dirname(path) !== path) {
    path = dirname(path);
    name = basename(path);
  }
  return name.replaceAll(/[^A-Za-z0-9._-]/g, "").slice(0, DAEMON_LENGTH_MAX);
}
