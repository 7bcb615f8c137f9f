import { execFile, spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { promisify } from "node:util";
import { atExit } from "../../harness/cleanup.mjs";
import { Skip } from "../../harness/outcome.mjs";

const run = promisify(execFile);

/**
 * Mounts a file system at `directory`, which is made, hands it to `work`, and unmounts it whatever happens.
 * Throws Skip when this machine does not allow it.
 * @template T
 * @param {string[]} args  of mount, without the directory
 * @param {string} directory
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function whileMounted(args, directory, work) {
  await mkdir(directory, { recursive: true });
  try {
    await run("mount", [...args, directory]);
  } catch (error) {
    throw new Skip(`mounting is not allowed here: ${(error.stderr ?? error.message).trim().split("\n")[0]}`);
  }
  const settled = atExit(() => spawnSync("umount", ["--lazy", directory]));
  try {
    return await work();
  } finally {
    settled();
    await run("umount", [directory]).catch(() => run("umount", ["--lazy", directory]));
  }
}

/**
 * Makes a loop device of a file that it reads and writes directly, past the page cache; takes it away whatever happens.
 * Throws Skip when this machine does not allow it.
 * @template T
 * @param {string} file
 * @param {(device: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function loopDevice(file, work) {
  let device;
  try {
    const { stdout } = await run("losetup", ["--find", "--show", "--direct-io=on", file]);
    device = stdout.trim();
  } catch (error) {
    throw new Skip(`loop devices are not allowed here: ${(error.stderr ?? error.message).trim().split("\n")[0]}`);
  }
  const settled = atExit(() => spawnSync("losetup", ["--detach", device]));
  try {
    const { stdout } = await run("losetup", ["--list", "--noheadings", "--output", "DIO", device]);
    if (stdout.trim() !== "1") throw new Skip(`${file}: its file system does not allow direct writes`);
    return await work(device);
  } finally {
    settled();
    await run("losetup", ["--detach", device]);
  }
}
