// What Node's zlib has from 22.15 on, and the types of Node 20 do not know: to be removed once these are of a later version.
import type { Transform } from "node:stream";

declare module "zlib" {
  interface ZstdOptions {
    readonly chunkSize?: number;
    readonly params?: Readonly<Record<number, number>>;
  }
  export const createZstdCompress: ((options?: ZstdOptions) => Transform) | undefined;
  export const createZstdDecompress: ((options?: ZstdOptions) => Transform) | undefined;
  export const zstdCompressSync: ((content: string | Uint8Array) => Buffer) | undefined;
  export const zstdDecompressSync: ((content: Uint8Array) => Buffer) | undefined;
}
