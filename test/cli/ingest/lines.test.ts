import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { openInput, readLines } from "../../../src/cli/ingest/lines.js";
import { LINE_BYTES_MAX } from "../../../src/journal/index.js";
import { temporaryDirectory } from "../support.js";

async function read(chunks: readonly (string | Buffer)[]) {
  const lines = [];
  const source = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
  for await (const some of readLines(source, "a.jsonl")) lines.push(...some);
  return lines.map(({ number, bytes, ending }) => [number, bytes?.toString(), ending]);
}

describe("readLines", () => {
  test.each<[string, string[], unknown[]]>([
    ["nothing", [], []],
    [
      "lines",
      ["a\nb\n"],
      [
        [1, "a", "\n"],
        [2, "b", "\n"],
      ],
    ],
    [
      "a last line that nothing ends",
      ["a\nb"],
      [
        [1, "a", "\n"],
        [2, "b", ""],
      ],
    ],
    [
      "lines of Windows",
      ["a\r\nb\r\n"],
      [
        [1, "a", "\r\n"],
        [2, "b", "\r\n"],
      ],
    ],
    [
      "a carriage return that ends no line",
      ["a\rb\nc\r"],
      [
        [1, "a\rb", "\n"],
        [2, "c\r", ""],
      ],
    ],
    ["blank lines, which count", ["\n \t\r\na\n\n"], [[3, "a", "\n"]]],
    [
      "a line in many chunks",
      ["a", "b", "", "c\nd", "\n"],
      [
        [1, "abc", "\n"],
        [2, "d", "\n"],
      ],
    ],
    [
      "an ending in two chunks",
      ["a\r", "\nb"],
      [
        [1, "a", "\r\n"],
        [2, "b", ""],
      ],
    ],
    ["a line feed of its own chunk", ["a", "\n"], [[1, "a", "\n"]]],
  ])("readLines cuts %s", async (_what, chunks, lines) => {
    expect(await read(chunks)).toEqual(lines);
  });

  test.each(["\n", "\r\n"])("readLines keeps a line of 16 MiB and no longer one, ended by %j", async (ending) => {
    const longest = "x".repeat(LINE_BYTES_MAX);
    const lines = await read([longest, ending, longest, "x", ending, "a", ending]);
    expect(lines[0]?.[1]).toHaveLength(LINE_BYTES_MAX);
    expect(lines.slice(1)).toEqual([
      [2, undefined, ending === "\n" ? "\n" : expect.any(String)],
      [3, "a", ending],
    ]);
  });

  test("readLines does not keep the bytes of a line without end", async () => {
    const chunk = Buffer.alloc(1024 * 1024, "x");
    const source = Readable.from(
      (function* () {
        for (let i = 0; i < 300; i++) yield chunk;
      })(),
    );
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    for await (const lines of readLines(source, "a")) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      for (const line of lines) expect(line).toEqual({ number: 1, bytes: undefined, ending: "" });
    }
    expect(most).toBeLessThan(64 * 1024 * 1024);
  });

  test("readLines names the file when reading fails", async () => {
    const source = new Readable({
      read() {
        this.destroy(Object.assign(new Error("EISDIR: x"), { code: "EISDIR" }));
      },
    });
    await expect(readLines(source, "data").next()).rejects.toThrow("data: cannot read: is a directory");
  });
});

describe("openInput", () => {
  test.each(["none.jsonl", "none.jsonl.gz"])("openInput keeps a failure for whoever reads %s", async (file) => {
    const input = openInput(file, { stdin: Readable.from([]), cwd: temporaryDirectory() });
    await expect(readLines(input, file).next()).rejects.toThrow(`${file}: cannot read: no such file or directory`);
  });
});
