import { describe, expect, test } from "vitest";
import { createCompressor, decompressed } from "../../../src/journal/disk/compression.js";
import { compressionOf } from "../../../src/journal/format.js";
import { COMPRESSIONS, compressedFor, HAS_ZSTD, SUFFIXES, ZSTD_FILE } from "../../support/compression.js";

/** More than a block of zstd, and not to be compressed to less. */
const CONTENT = Buffer.from(Array.from({ length: 60_000 }, (_, n) => (n * n * 2_654_435_761).toString(36)).join("\n"));
const SKIPPED_FRAME = Buffer.from("582a4d18040000005a53544c", "hex");

/** In pieces of that many bytes, as a disk may give them. */
async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(path: string, bytes: Buffer, size = 65_536): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of decompressed(path, pieces(bytes, size))) blocks.push(block);
  return Buffer.concat(blocks);
}

test.each([
  ["x.jsonl", undefined],
  ["x.jsonl.gz", "gzip"],
  ["x.zst", "zstd"],
  ["x.gz.jsonl", undefined],
])("compressionOf %s is %s", (name, compression) => {
  expect(compressionOf(name)).toBe(compression);
});

describe.each(COMPRESSIONS)("decompressed %s", (compression) => {
  const path = `x.jsonl${SUFFIXES[compression]}`;
  const whole = compressedFor(path, CONTENT);

  test.each([1, 1000, 65_536, 10_000_000])("decompressed reads it in pieces of %i bytes", async (size) => {
    const bytes = size === 1 ? compressedFor(path, CONTENT.subarray(0, 1000)) : whole;
    expect((await read(path, bytes, size)).equals(size === 1 ? CONTENT.subarray(0, 1000) : CONTENT)).toBe(true);
  });

  test("decompressed reads one member or frame after the other", async () => {
    const empty = compressedFor(path, "");
    const bytes = Buffer.concat([whole, empty, whole]);
    expect((await read(path, bytes)).equals(Buffer.concat([CONTENT, CONTENT]))).toBe(true);
  });

  test("createCompressor writes what it reads, with a checksum of the content", async () => {
    const compressor = createCompressor(compression);
    compressor.end(CONTENT);
    const written = Buffer.concat(await compressor.toArray());
    expect((await read(path, written)).equals(CONTENT)).toBe(true);
    for (const at of [written.length - 1, written.length >> 1]) {
      const altered = Buffer.from(written);
      altered[at] = (altered[at] ?? 0) ^ 0x10;
      await expect(read(path, altered)).rejects.toThrow(`damaged ${compression}: `);
    }
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ["empty", () => Buffer.alloc(0)],
    ["of one byte", (bytes) => bytes.subarray(0, 1)],
    ["cut within its head", (bytes) => bytes.subarray(0, 6)],
    ["cut off", (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ["without its last byte", (bytes) => bytes.subarray(0, -1)],
    ["cut within its second part", (bytes) => Buffer.concat([bytes, bytes.subarray(0, 20)])],
    ["something else", () => Buffer.from("hello, this is nothing compressed")],
  ])("decompressed throws for a file that is %s", async (_how, damage) => {
    await expect(read(path, damage(whole))).rejects.toThrow(`damaged ${compression}: `);
  });

  test("decompressed hands on the disk's error as it is", async () => {
    const error = Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
    async function* failing(): AsyncGenerator<Buffer> {
      yield whole.subarray(0, 100_000);
      throw error;
    }
    const reading = async () => {
      for await (const _ of decompressed(path, failing()));
    };
    await expect(reading()).rejects.toBe(error);
  });

  test("decompressed closes its source when its reader stops", async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Buffer> {
      try {
        yield* pieces(whole, 65_536);
      } finally {
        closed = true;
      }
    }
    for await (const _ of decompressed(path, source())) break;
    await expect.poll(() => closed).toBe(true);
  });
});

describe("zstd", () => {
  test.runIf(HAS_ZSTD)(
    "decompressed skips frames that have no content, and refuses what follows the last one",
    async () => {
      const whole = compressedFor("x.zst", CONTENT);
      const skipped = Buffer.concat([SKIPPED_FRAME, whole, SKIPPED_FRAME]);
      expect((await read("x.zst", skipped)).equals(CONTENT)).toBe(true);
      await expect(read("x.zst", Buffer.concat([whole, Buffer.alloc(9)]))).rejects.toThrow(
        "damaged zstd: incorrect header check",
      );
      await expect(read("x.zst", Buffer.from("28b52ffd0000ffffff", "hex"))).rejects.toThrow(
        "damaged zstd: a block is too large",
      );
    },
  );

  test("where Node has no zstd, decompressed and createCompressor say which one has it", async () => {
    if (HAS_ZSTD) {
      expect(String(await read("x.zst", ZSTD_FILE))).toBe('{"zstd":1}\n');
    } else {
      const message = `zstd needs Node 22.15 or later, this is Node ${process.versions.node}`;
      await expect(read("x.zst", ZSTD_FILE)).rejects.toThrow(message);
      expect(() => createCompressor("zstd")).toThrow(message);
    }
  });
});
