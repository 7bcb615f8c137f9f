// protocol/ and the client as npm would publish them.
import { run } from "../stubs.mjs";

const root = new URL("../..", import.meta.url).pathname;

/**
 * Packs both into a directory. dist/ is built already, and others may be using it.
 * @param {string} directory
 * @returns {Promise<readonly { name: string, filename: string, files: readonly { path: string }[] }[]>}
 */
export async function packClient(directory) {
  const workspaces = ["--workspace", "@sessionlog/protocol", "--workspace", "@sessionlog/client"];
  const words = [
    "pack",
    "--prefix",
    root,
    ...workspaces,
    "--ignore-scripts",
    "--json",
    "--pack-destination",
    directory,
  ];
  const { code, output, errors } = await run("npm", words, { cwd: directory });
  if (code !== 0) throw new Error(`npm pack: exit ${code}\n${errors}`);
  return Object.values(JSON.parse(output));
}
