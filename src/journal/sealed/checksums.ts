import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Disk } from "../disk/disk.js";
import { readWhole, replaceFile } from "../disk/files.js";
import type { JournalNames } from "../format.js";

/** The content of `<stem>.sha256`: hex digest by file name, in the file's order. */
export type Checksums = ReadonlyMap<string, string>;

/** Reads `<stem>.sha256`; none where there is no such file. Other lines are skipped. */
export async function readChecksums(disk: Disk, names: JournalNames): Promise<Checksums> {
  if ((await disk.status(names.checksums)) === undefined) return new Map();
  const text = (await readWhole(disk, names.checksums)).toString();
  const entries = [...text.matchAll(/^([0-9a-f]{64}) [ *](.+)$/gm)];
  return new Map(entries.map(([, digest = "", name = ""]) => [name, digest]));
}

/** Replaces `<stem>.sha256`, in the format of `sha256sum -c`; durable when it resolves. */
export async function writeChecksums(disk: Disk, names: JournalNames, checksums: Checksums): Promise<void> {
  const text = [...checksums].map(([name, digest]) => `${digest}  ${name}\n`).join("");
  await replaceFile(disk, names, names.checksums, Buffer.from(text));
}

/** The checksums without `removed` and with `added`, both paths of segments. */
export function withChecksums(
  checksums: Checksums,
  removed: readonly string[],
  added: ReadonlyMap<string, string>,
): Checksums {
  const next = new Map(checksums);
  for (const path of removed) next.delete(basename(path));
  for (const [path, digest] of added) next.set(basename(path), digest);
  return next;
}

/** SHA-256 of the bytes, hex. */
export async function digestOf(blocks: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash("sha256");
  for await (const block of blocks) hash.update(block);
  return hash.digest("hex");
}
