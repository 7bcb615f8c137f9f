import { pipeline, type Transform } from "node:stream";
import * as zlib from "node:zlib";

/** ZSTD_c_checksumFlag: zstd's own default is a file without a checksum. */
const CHECKSUM_FLAG = 201;

const FRAME_MAGIC = 0xfd2fb528;
/** The last four bits are free. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_BYTES_MAX = 128 * 1024;

/** Why this Node cannot read or write zstd; undefined: it can. */
export const ZSTD_PROBLEM =
  zlib.createZstdCompress === undefined
    ? `zstd needs Node 22.15 or later, this is Node ${process.versions.node}`
    : undefined;

/** A compressor, with a checksum of the content as gzip has it. Throws where this Node has no zstd. */
export function createZstd(): Transform {
  if (zlib.createZstdCompress === undefined) throw new Error(ZSTD_PROBLEM);
  return zlib.createZstdCompress({ params: { [CHECKSUM_FLAG]: 1 } });
}

/**
 * The content of a zstd file, frame by frame: Node's decompressor stops without an error after the first frame, and its versions before 24
 * at any missing end too.
 *
 * @throws an Error with a code that begins with "ZSTD_" when it is damaged, one without a code where this Node has no zstd
 */
export async function* unzstd(blocks: AsyncIterable<Buffer>, chunkSize: number): AsyncGenerator<Buffer> {
  if (zlib.createZstdDecompress === undefined) throw new Error(ZSTD_PROBLEM);
  const source = createSource(blocks);
  try {
    do {
      const magic = (await source.take(4)).readUInt32LE();
      if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) await skipFrame(source);
      else if (magic !== FRAME_MAGIC) throw damaged("incorrect header check");
      else yield* decodeFrame(source, zlib.createZstdDecompress({ chunkSize }));
    } while (!(await source.atEnd()));
  } finally {
    await source.close();
  }
}

async function skipFrame(source: Source): Promise<void> {
  const size = (await source.take(4)).readUInt32LE();
  for (let left = size; left > 0; left -= BLOCK_BYTES_MAX) await source.take(Math.min(left, BLOCK_BYTES_MAX));
}

async function* decodeFrame(source: Source, decoder: Transform): AsyncGenerator<Buffer> {
  // An error on either side destroys both, and ends the loop below with it.
  pipeline(readFrame(source), decoder, () => undefined);
  yield* decoder;
}

/** The bytes of one frame, block by block (RFC 8878, section 3.1.1); the source is behind its magic number. */
async function* readFrame(source: Source): AsyncGenerator<Buffer> {
  const start = Buffer.alloc(5);
  start.writeUInt32LE(FRAME_MAGIC);
  const descriptor = (await source.take(1)).readUInt8();
  start.writeUInt8(descriptor, 4);
  const [single_segment, checksum] = [(descriptor & 0x20) !== 0, (descriptor & 0x04) !== 0];
  const window_bytes = single_segment ? 0 : 1;
  const dictionary_bytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const size_bytes = [single_segment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  yield Buffer.concat([start, await source.take(window_bytes + dictionary_bytes + size_bytes)]);
  for (let last = false; !last; ) {
    const header = await source.take(3);
    const fields = header.readUIntLE(0, 3);
    const [type, size] = [(fields >> 1) & 3, fields >> 3];
    if (size > BLOCK_BYTES_MAX) throw damaged("a block is too large");
    last = (fields & 1) === 1;
    // A block of type 1 has one byte, which is repeated.
    yield Buffer.concat([header, await source.take(type === 1 ? 1 : size)]);
  }
  if (checksum) yield await source.take(4);
}

interface Source {
  /** The next bytes; rejects when there are fewer. */
  take(length: number): Promise<Buffer>;
  atEnd(): Promise<boolean>;
  close(): Promise<void>;
}

function createSource(blocks: AsyncIterable<Buffer>): Source {
  const iterator = blocks[Symbol.asyncIterator]();
  let waiting: Buffer = Buffer.alloc(0);

  async function fill(length: number): Promise<boolean> {
    const parts = [waiting];
    let bytes = waiting.length;
    while (bytes < length) {
      const next = await iterator.next();
      if (next.done === true) break;
      parts.push(next.value);
      bytes += next.value.length;
    }
    if (parts.length > 1) waiting = Buffer.concat(parts);
    return bytes >= length;
  }

  return {
    async take(length) {
      if (!(await fill(length))) throw damaged("unexpected end of file");
      const taken = waiting.subarray(0, length);
      waiting = waiting.subarray(length);
      return taken;
    },
    atEnd: async () => !(await fill(1)),
    async close() {
      await iterator.return?.();
    },
  };
}

function damaged(message: string): Error {
  return Object.assign(new Error(message), { code: "ZSTD_damaged" });
}
