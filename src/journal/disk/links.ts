import { constants } from "node:fs";
import { open, readFile, readlink } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { errorCode } from "./errors.js";

/** As many as Linux follows. */
const LINKS_MAX = 40;

/** See Disk.resolve. realpath(3) fails for what is not there. */
export async function resolvePath(path: string): Promise<string> {
  const rest = path.split("/");
  let resolved = "/";
  let links = 0;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const next = join(resolved, name);
    const target = name === "" || name === "." || name === ".." ? undefined : await linkTarget(next);
    if (target === undefined) {
      resolved = next;
      continue;
    }
    if (++links > LINKS_MAX) {
      throw Object.assign(new Error("ELOOP: too many symbolic links"), { code: "ELOOP", path });
    }
    rest.unshift(...target.split("/"));
    if (isAbsolute(target)) resolved = "/";
  }
  return resolved;
}

/** "pipe:[123]": what a link of /proc/<pid>/fd leads to has no path. See proc(5). */
const WITHOUT_PATH = /^\w+:\[\d+\]$/;

/** Undefined for what is not a link, is not there, or cannot be reached: opening it reports that. */
async function linkTarget(path: string): Promise<string | undefined> {
  try {
    const target = await readlink(path);
    return WITHOUT_PATH.test(target) ? undefined : target;
  } catch (error) {
    if (["EINVAL", "ENOENT", "ENOTDIR", "EACCES"].includes(errorCode(error))) return undefined;
    throw error;
  }
}

/** See Disk.mountedAt. A file is a mount point when it lies on another mount than its directory: proc(5), fdinfo and mountinfo. */
export async function mountedAt(path: string): Promise<string | undefined> {
  const [own, outer] = [await mountOf(path), await mountOf(dirname(path))];
  if (own === undefined || own === outer) return undefined;
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  return mounts
    .split("\n")
    .find((line) => line.startsWith(`${own} `))
    ?.split(" ")[3];
}

/** The number of the mount that shows the path; undefined where there is no such path, or the system does not report it. */
async function mountOf(path: string): Promise<string | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const facts = await readFile(`/proc/self/fdinfo/${handle.fd}`, "utf8");
      return /^mnt_id:\s*(\d+)$/m.exec(facts)?.[1];
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
