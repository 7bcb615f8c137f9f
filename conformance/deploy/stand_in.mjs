// A stand-in for the base image, which cannot be pulled here: Node 24 from its npm package, this machine's npm, and of Debian
// what the Dockerfile calls.
import { existsSync, realpathSync } from "node:fs";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findTool } from "../../harness/tools.mjs";
import { expectDone } from "../python/environment.mjs";

const PROGRAMS = ["dash", "env", "install", "id", "rm"];
const PROGRAM_24 = `node-${process.platform}-${process.arch}`;

/**
 * Writes the file system of the image, without what changes: its size is that of Node and npm.
 * @param {string} directory  empty
 */
export async function writeStandIn(directory) {
  const node = join(directory, "..", "node24");
  await expectDone(
    "npm",
    ["install", "--silent", "--no-save", "--prefix", node, `${PROGRAM_24}@24`],
    dirname(directory),
  );
  const inside = (path) => join(directory, path);
  for (const folder of ["usr/local/bin", "usr/local/lib/node_modules", "usr/bin", "etc/ssl", "tmp", "proc", "dev"]) {
    await mkdir(inside(folder), { recursive: true });
  }
  for (const folder of ["bin", "lib", "lib64"]) {
    await mkdir(inside(`usr/${folder}`), { recursive: true });
    await symlink(`usr/${folder}`, inside(folder));
  }
  const program = join(node, "node_modules", PROGRAM_24, "bin/node");
  await cp(program, inside("usr/local/bin/node"));
  const npm = dirname(dirname(realpathSync(findTool("npm"))));
  await cp(npm, inside("usr/local/lib/node_modules/npm"), { recursive: true });
  await symlink("../lib/node_modules/npm/bin/npm-cli.js", inside("usr/local/bin/npm"));
  const tools = PROGRAMS.map((name) => realpathSync(findTool(name)));
  for (const tool of tools) await cp(tool, inside(`usr/bin/${tool.split("/").at(-1)}`));
  await symlink("dash", inside("usr/bin/sh"));
  for (const library of await librariesOf([program, ...tools])) {
    await mkdir(dirname(inside(library)), { recursive: true });
    if (!existsSync(inside(library))) await cp(realpathSync(library), inside(library));
  }
  if (existsSync("/etc/ssl/certs/ca-certificates.crt"))
    await cp("/etc/ssl/certs/ca-certificates.crt", inside("etc/ssl/certs/ca-certificates.crt"));
  await writeFile(inside("etc/passwd"), "root:x:0:0:root:/:/bin/sh\n");
  await writeFile(inside("etc/group"), "root:x:0:\n");
}

/** The shared libraries that programs are linked to, and what modules of Node may be linked to, as their paths. */
async function librariesOf(programs) {
  const linked = await expectDone("ldd", programs, "/");
  const installed = await expectDone("dpkg", ["-L", "libc6", "libgcc-s1", "libstdc++6"], "/");
  const paths = [
    ...linked.matchAll(/(\/[^\s():]*\.so[^\s():]*)/g),
    ...installed.matchAll(/^(\/lib\S*\/lib[^/\s]*\.so[.\d]*)$/gm),
  ];
  return new Set(paths.map(([, path]) => path));
}
