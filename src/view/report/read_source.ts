import { createHash } from "node:crypto";
import { basename, dirname } from "node:path";
import { namesOfStem, nodeDisk, parseSegmentName, readChecksums } from "../../journal/index.js";
import { findFiles } from "../../query/files.js";
import type { Source } from "./report_data.js";

/**
 * Which files a question over these paths reads.
 *
 * @param paths absolute
 * @param shown the same as the user named them
 * @throws ReadError when there is no session log
 */
export async function readSource(paths: readonly string[], shown: readonly string[]): Promise<Source> {
  const { files } = await findFiles(paths);
  const segments = files.flatMap(({ path }) => {
    const segment = parseSegmentName(basename(path));
    return segment === undefined ? [] : [{ path, ...segment }];
  });
  const lines: string[] = [];
  const journals = new Set(segments.map(({ path, stem }) => `${dirname(path)}\n${stem}`));
  for (const journal of journals) {
    const [directory = "", stem = ""] = journal.split("\n");
    for (const [name, { digest }] of await readChecksums(nodeDisk, namesOfStem(directory, stem))) {
      if (segments.some(({ path }) => basename(path) === name)) lines.push(`${digest}  ${name}\n`);
    }
  }
  const sequences = segments.flatMap(({ first, last }) => [first, last]);
  return {
    paths: shown,
    segments: segments.length,
    active: files.some(({ active }) => active),
    first_sequence: sequences.length === 0 ? null : Math.min(...sequences),
    last_sequence: sequences.length === 0 ? null : Math.max(...sequences),
    checksums_sha256:
      lines.length === 0 ? null : createHash("sha256").update(lines.sort(byName).join("")).digest("hex"),
  };
}

const DIGEST_LENGTH = 64;
const byName = (one: string, other: string): number => (one.slice(DIGEST_LENGTH) < other.slice(DIGEST_LENGTH) ? -1 : 1);
