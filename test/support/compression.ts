import * as zlib from "node:zlib";
import type { Compression } from "../../src/journal/index.js";

export const HAS_ZSTD = zlib.zstdCompressSync !== undefined;

/** What sealed segments can be compressed with on this Node. */
export const COMPRESSIONS: readonly Compression[] = HAS_ZSTD ? ["gzip", "zstd"] : ["gzip"];
/** The values of `[rotation] compress` on this Node. */
export const COMPRESS = ["none", ...COMPRESSIONS] as const;

export const SUFFIXES = { none: "", gzip: ".gz", zstd: ".zst" } as const;

/** A file's content, compressed as its name says. */
export function compressedFor(path: string, content: string | Buffer): Buffer {
  if (path.endsWith(".gz")) return zlib.gzipSync(content);
  if (!path.endsWith(".zst")) return Buffer.from(content);
  if (zlib.zstdCompressSync === undefined) throw new Error("this Node has no zstd");
  return zlib.zstdCompressSync(content);
}

/** The content of a compressed or plain file. */
export function contentOf(path: string, bytes: Buffer): Buffer {
  if (path.endsWith(".gz")) return zlib.gunzipSync(bytes);
  if (!path.endsWith(".zst")) return bytes;
  if (zlib.zstdDecompressSync === undefined) throw new Error("this Node has no zstd");
  return zlib.zstdDecompressSync(bytes);
}

/** `{"zstd":1}` and a newline, compressed with zstd 1.5. */
export const ZSTD_FILE = Buffer.from("28b52ffd240b5900007b227a737464223a317d0a735b544d", "hex");
