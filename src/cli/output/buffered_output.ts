/** Takes text, and resolves when it may have more. */
export type TextSink = (text: string) => Promise<void>;

/** Text that is kept until it is known to be whole, or is too long to be kept. */
export interface BufferedOutput {
  write(text: string): Promise<void>;
  /** Writes what is buffered. */
  flush(): Promise<void>;
}

/** Buffers up to `limit` characters, then calls `onOverflow` once and writes through from there on. */
export function createBufferedOutput(sink: TextSink, limit: number, onOverflow: () => void): BufferedOutput {
  let buffer: string[] | undefined = [];
  let length = 0;
  async function flush(): Promise<void> {
    const texts = buffer ?? [];
    buffer = undefined;
    for (const text of texts) await sink(text);
  }
  return {
    flush,
    async write(text) {
      if (buffer === undefined) return sink(text);
      buffer.push(text);
      length += text.length;
      if (length <= limit) return;
      onOverflow();
      await flush();
    },
  };
}
