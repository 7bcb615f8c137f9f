import { basename, join } from "node:path";
import type { Disk } from "../disk/disk.js";
import { readBlocks, syncDirectory } from "../disk/files.js";
import { isParquetTemporary, type JournalNames, temporaryName } from "../format.js";
import { digestOf, readChecksums, withChecksums, writeChecksums } from "./checksums.js";
import { listSegments } from "./segments.js";

/**
 * Gives a Parquet copy, whole under its temporary name, its own name, and lists its digest; durable when it resolves. Call it under the
 * maintenance lock.
 */
export async function nameParquet(disk: Disk, names: JournalNames, path: string): Promise<void> {
  const file = await disk.open(temporaryName(path), "update");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  const digest = await digestOf(readBlocks(disk, temporaryName(path)));
  const others = withChecksums(await readChecksums(disk, names, names.parquet_checksums), [path], new Map());
  // An earlier copy's digest must not be listed beside this one; clearing completes a list that lacks a line.
  await writeChecksums(disk, names, others, names.parquet_checksums);
  await disk.rename(temporaryName(path), path);
  await syncDirectory(disk, names.directory);
  const next = withChecksums(others, [], new Map([[path, { digest, odd: false }]]));
  await writeChecksums(disk, names, next, names.parquet_checksums);
}

/**
 * Removes what an interrupted compact left and copies whose segment is gone, and completes their list. Call it under the maintenance lock.
 *
 * @returns the paths of the copies that were removed
 */
export async function cleanParquet(disk: Disk, names: JournalNames): Promise<readonly string[]> {
  const entries = await disk.list(names.directory);
  const leftovers = entries.filter(({ name }) => isParquetTemporary(names, name));
  for (const { name } of leftovers) await disk.remove(join(names.directory, name));
  const { segments, orphans } = await listSegments(disk, names);
  for (const path of orphans) await disk.remove(path);
  const copies = segments.flatMap(({ parquet }) => parquet ?? []);
  const listed = await readChecksums(disk, names, names.parquet_checksums);
  const known = new Set(copies.map((path) => basename(path)));
  const gone = [...listed.keys()].filter((name) => !known.has(name));
  const unlisted = copies.filter((path) => !listed.has(basename(path)));
  if (gone.length + unlisted.length > 0) {
    const added = new Map<string, { digest: string; odd: boolean }>();
    for (const path of unlisted) added.set(path, { digest: await digestOf(readBlocks(disk, path)), odd: false });
    await writeChecksums(disk, names, withChecksums(listed, gone, added), names.parquet_checksums);
  } else if (leftovers.length + orphans.length > 0) await syncDirectory(disk, names.directory);
  return orphans;
}
