import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Disk } from "../disk/disk.js";
import { readWhole, replaceFile } from "../disk/files.js";
import type { JournalNames } from "../format.js";

/** What `<stem>.sha256` says of a file. */
export interface Checksum {
  /** SHA-256, hex. */
  readonly digest: string;
  /** Whether the file may have odd lines, which other programs take for something else: its readers judge each. */
  readonly odd: boolean;
}

/** The content of `<stem>.sha256`, by file name, in the file's order. */
export type Checksums = ReadonlyMap<string, Checksum>;

/** Reads `<stem>.sha256`, or another `list` of its form; none where there is no such file. Lines of other forms are skipped. */
export async function readChecksums(disk: Disk, names: JournalNames, list = names.checksums): Promise<Checksums> {
  if ((await disk.status(list)) === undefined) return new Map();
  const text = (await readWhole(disk, list)).toString();
  const odd = new Set([...text.matchAll(/^# odd lines: (.+)$/gm)].map(([, name]) => name));
  const entries = [...text.matchAll(/^([0-9a-f]{64}) [ *](.+)$/gm)];
  return new Map(entries.map(([, digest = "", name = ""]) => [name, { digest, odd: odd.has(name) }]));
}

/** Replaces `<stem>.sha256`, or another `list`, in the format of `sha256sum -c`, which skips comments; durable when it resolves. */
export async function writeChecksums(
  disk: Disk,
  names: JournalNames,
  checksums: Checksums,
  list = names.checksums,
): Promise<void> {
  const text = [...checksums]
    .map(([name, { digest, odd }]) => `${digest}  ${name}\n${odd ? `# odd lines: ${name}\n` : ""}`)
    .join("");
  await replaceFile(disk, names, list, Buffer.from(text));
}

/** The checksums without `removed` and with `added`, both paths of segments. */
export function withChecksums(checksums: Checksums, removed: readonly string[], added: Checksums): Checksums {
  const next = new Map(checksums);
  for (const path of removed) next.delete(basename(path));
  for (const [path, checksum] of added) next.set(basename(path), checksum);
  return next;
}

/** SHA-256 of the bytes, hex. */
export async function digestOf(blocks: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash("sha256");
  for await (const block of blocks) hash.update(block);
  return hash.digest("hex");
}
