import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Skip } from "../harness/outcome.mjs";

const main = new URL("../dist/main.js", import.meta.url).pathname;
const MOUNT = ["--map-root-user", "--mount"];
/** Mounts an empty file system that cannot be written on a directory, seen by one program alone. */
const READ_ONLY = 'mount -t tmpfs -o ro none "$0" && exec "$@"';

/** @type {import("../harness/outcome.mjs").Campaign} */
export const readOnly = {
  name: "read-only",
  about: "the log's directories are missing on a read-only mount: the first error is told, not the last",
  may_skip: true,
  async run({ directory }) {
    if (spawnSync("unshare", [...MOUNT, "true"]).status !== 0) throw new Skip("unshare cannot mount here");
    const mounted = join(directory, "mounted");
    await mkdir(mounted);
    const broken = [];
    for (const below of ["deep", "deep/er"]) {
      const path = join(mounted, below, "sessions.jsonl");
      const serve = [process.execPath, main, "serve", "--listen", "127.0.0.1:0", "--path", path];
      const child = spawn("unshare", [...MOUNT, "sh", "-c", READ_ONLY, mounted, ...serve], {
        stdio: ["ignore", "ignore", "pipe"],
        cwd: directory,
      });
      const exited = once(child, "exit");
      let told = "";
      for await (const line of createInterface({ input: child.stderr })) {
        told = line;
        if (line.includes("cannot be opened yet")) break;
      }
      child.kill("SIGTERM");
      await exited;
      if (!told.includes(`${join(mounted, "deep")}: EROFS`))
        broken.push(`${below}: expected EROFS of deep, told: ${told}`);
    }
    return { broken, figures: { paths: 2 } };
  },
};
