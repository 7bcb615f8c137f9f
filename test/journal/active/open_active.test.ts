import { describe, expect, test } from "vitest";
import { openActive } from "../../../src/journal/active/open_active.js";
import { journalNames } from "../../../src/journal/format.js";
import { NO_OBSERVER } from "../../../src/journal/types.js";
import { createSimulatedDisk, type SimulatedDisk } from "../../support/simulated_disk.js";
import { adoptsTestRows, createMemoryLog, MEBIBYTE, numbers, PATH, row, rows } from "../support.js";

const TORN = `${PATH}.torn-20260102T030405.000Z`;

function open(
  disk: SimulatedDisk,
  known: { ours?: boolean; first_sequence?: number; next_sequence_min?: number } = {},
) {
  const log = createMemoryLog();
  const opened = openActive({
    disk,
    names: journalNames(PATH),
    adopts: adoptsTestRows,
    ours: known.ours ?? true,
    first_sequence: known.first_sequence ?? 1,
    next_sequence_min: known.next_sequence_min ?? 1,
    held: undefined,
    starts: undefined,
    log,
    observer: NO_OBSERVER,
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
  });
  return { opened, log };
}

function diskWith(content: string | Buffer): SimulatedDisk {
  const disk = createSimulatedDisk();
  disk.put(PATH, content);
  return disk;
}

const nuls = (count: number): string => "\0".repeat(count);

describe("openActive repairs", () => {
  test.each([
    ["an empty file", "", [], undefined],
    ["complete rows", rows(1, 2), [1, 2], undefined],
    ["a last row without its newline", rows(1, 2).slice(0, -1), [1, 2], undefined],
    ["a torn last line", `${rows(1)}{"sche`, [1], '{"sche'],
    ["nothing but a torn line", '{"sche', [], '{"sche'],
    ["NULs at the end", rows(1) + nuls(5000), [1], nuls(5000)],
    ["nothing but NULs", nuls(5000), [], nuls(5000)],
    ["a page of NULs amid rows", rows(1) + nuls(4096) + rows(2, 3), [1, 3], nuls(4096) + rows(2, 3)],
    ["NULs in a line of their own", `${rows(1)}${nuls(9)}\n${rows(2, 3)}`, [1, 2, 3], `${nuls(9)}\n${rows(2, 3)}`],
    ["garbage between rows", `${rows(1)}x\n${rows(2)}y\n${rows(3)}`, [1, 2, 3], `x\n${rows(2)}y\n${rows(3)}`],
    ["blank lines", `\n${rows(1)}\n\n${rows(2)}`, [1, 2], `\n${rows(1)}\n\n${rows(2)}`],
    ["the blanks of a probe", `${rows(1)}      `, [1], "      "],
    [
      "garbage and a last row without newline",
      `x\n${rows(1, 2).slice(0, -1)}`,
      [1, 2],
      `x\n${rows(1, 2).slice(0, -1)}`,
    ],
  ])("openActive of %s", async (_, content, expected, torn) => {
    const disk = diskWith(content);
    const { opened, log } = open(disk);
    const active = await opened;
    expect(numbers(disk.durable(PATH))).toEqual(expected);
    expect(active).toMatchObject({ rows: expected.length, end: disk.content(PATH)?.length, first_sequence: 1 });
    expect(disk.durable(TORN)?.toString()).toBe(torn);
    expect(disk.paths().filter((path) => path.includes(".torn-"))).toEqual(torn === undefined ? [] : [TORN]);
    const told = torn !== undefined || (content !== "" && !content.endsWith("\n"));
    expect(log.entries.map(({ level }) => level)).toEqual(told ? ["warn"] : []);
  });

  test("openActive of a repaired file changes nothing more", async () => {
    const disk = diskWith(`${rows(1)}x\n${rows(2)}`);
    await (await open(disk).opened).file.close();
    const before = disk.paths().map((path) => [path, disk.content(path)?.toString()]);
    await open(disk).opened;
    expect(disk.paths().map((path) => [path, disk.content(path)?.toString()])).toEqual(before);
  });

  test("openActive gives each torn end a name of its own", async () => {
    const disk = diskWith(`${rows(1)}first`);
    await (await open(disk).opened).file.close();
    disk.append(PATH, "second");
    await open(disk).opened;
    expect(disk.content(TORN)?.toString()).toBe("first");
    expect(disk.content(TORN.replace("000Z", "001Z"))?.toString()).toBe("second");
  });

  test("openActive makes a missing file, whose first sequence is durable before its first row", async () => {
    const disk = createSimulatedDisk();
    await disk.makeDirectory("/data");
    await open(disk, { next_sequence_min: 42 }).opened;
    expect(disk.durable(PATH)?.length).toBe(0);
    expect(disk.durable("/data/sessions.state")?.toString()).toBe('{"first_sequence":42}\n');
  });

  test("openActive refuses a directory", async () => {
    const disk = createSimulatedDisk();
    await disk.makeDirectory(PATH);
    await expect(open(disk).opened).rejects.toThrow(`${PATH}: is a directory, expected a file`);
  });

  test("openActive names the file that may not be opened", async () => {
    const disk = diskWith(rows(1));
    disk.failNext("open", "EACCES", PATH);
    await expect(open(disk).opened).rejects.toThrow(`${PATH}: EACCES`);
  });
});

describe("openActive and the last 8 MiB", () => {
  test("openActive reports a bad line further back and leaves it", async () => {
    const bad = "not a row\n";
    const big = row(2, 5 * MEBIBYTE).toString();
    const content = `${rows(1)}${bad}${big}${row(3, 5 * MEBIBYTE)}`;
    const disk = diskWith(content);
    const { opened, log } = open(disk);
    expect(await opened).toMatchObject({ rows: 4, end: content.length });
    expect(disk.content(PATH)?.toString()).toBe(content);
    expect(log.entries).toEqual([
      {
        level: "warn",
        fields: { path: PATH, line: 2, offset: rows(1).length },
        message: "a line of the log is not a JSON object; it is left unchanged",
      },
    ]);
  });

  test("openActive judges a line that begins exactly 8 MiB before the end", async () => {
    const tail = Buffer.concat([Buffer.from("bad\n"), row(2, 8 * MEBIBYTE - 4)]);
    const disk = diskWith(Buffer.concat([row(1), tail]));
    expect(await open(disk).opened).toMatchObject({ rows: 2 });
    expect(numbers(disk.content(PATH))).toEqual([1, 2]);
    expect(disk.content(TORN)?.equals(tail)).toBe(true);
  });

  test("openActive counts no blank lines further back", async () => {
    const disk = diskWith(`\n  \n${rows(1)}${row(2, 5 * MEBIBYTE)}${row(3, 5 * MEBIBYTE)}`);
    const { opened, log } = open(disk);
    expect(await opened).toMatchObject({ rows: 3 });
    expect(log.entries).toEqual([]);
  });

  test("openActive ends a last line that is longer than 8 MiB", async () => {
    const disk = diskWith(Buffer.concat([row(1), row(2, 9 * MEBIBYTE).subarray(0, -1)]));
    expect(await open(disk).opened).toMatchObject({ rows: 2 });
    expect(disk.content(PATH)?.at(-1)).toBe(0x0a);
  });
});

describe("openActive and files of others", () => {
  test("openActive adopts a file with one row of ours in it", async () => {
    const disk = diskWith(`{"other":1}\n${rows(1)}{"other":2}\n`);
    expect(await open(disk, { ours: false }).opened).toMatchObject({ rows: 3, first_sequence: 1 });
  });

  test("openActive adopts a file whose only row lacks its newline", async () => {
    const disk = diskWith(rows(1).slice(0, -1));
    expect(await open(disk, { ours: false }).opened).toMatchObject({ rows: 1 });
  });

  test.each([
    ["of JSON", '{"other":1}\n{"other":2}\n', 1],
    ["of text without a last newline", "Nov 24 08:43:26 host sshd[1]: text\nmore", 1],
    ["of bytes", Buffer.from([0xff, 0xfe, 0, 1, 2, 10, 255]), 1],
    ["of more than 8 MiB", `${"text\n".repeat(3)}${"x".repeat(5 * MEBIBYTE)}\n${"y".repeat(5 * MEBIBYTE)}\n`, 5],
    ["with one line of more than 8 MiB", "z".repeat(9 * MEBIBYTE), 1],
  ])("openActive refuses a file %s, naming file and line, and changes no byte", async (_, content, line) => {
    const disk = diskWith(content);
    await expect(open(disk, { ours: false }).opened).rejects.toThrow(`${PATH}:${line}: `);
    expect(disk.content(PATH)?.equals(Buffer.from(content))).toBe(true);
    expect(disk.paths()).toEqual([PATH]);
  });
});
