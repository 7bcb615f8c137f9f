import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ask, read, temporaryDirectory } from "./support.js";

/** What a query sees of a roster: ids and whole rows. */
function rosterOf(content: string | Buffer, name = "roster.csv") {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, name.endsWith(".gz") ? gzipSync(content) : content);
  const tables = [{ name: "roster", column: "worker_id", file_column: "worker_id", path }];
  return { path, tables };
}

describe("csvSource", () => {
  test.each<[string, string | Buffer, string?]>([
    ["commas", "worker_id,name\nW-1,Ana\n"],
    ["CRLF and a byte order mark", "\ufeffworker_id,name\r\nW-1,Ana\r\n"],
    ["semicolons", "worker_id;name\nW-1;Ana\n"],
    ["what Excel puts first", "sep=;\nworker_id;name\nW-1;Ana\n"],
    ["tabs", "worker_id\tname\nW-1\tAna\n", "roster.tsv"],
    ["gzip", "worker_id,name\nW-1,Ana\n", "roster.csv.gz"],
    ["quotes", '"worker_id","name"\n"W-1","Ana"\n\n'],
  ])("csvSource reads %s", async (_, content, name) => {
    const { tables } = rosterOf(content, name);
    expect(await ask("examples", "SELECT worker_id, record ->> 'name' FROM roster", { tables })).toEqual([
      ["W-1", "Ana"],
    ]);
  });

  test("csvSource takes a quoted delimiter, and texts that look like numbers, as they are", async () => {
    const { tables } = rosterOf('worker_id,name,name\n0012,"Silva, Ana",\n');
    expect(await ask("examples", "SELECT worker_id, record FROM roster", { tables })).toEqual([
      ["0012", { worker_id: "0012", name: "Silva, Ana", name_3: null }],
    ]);
  });
});

describe("describeCsvError", () => {
  test.each<[string, string | Buffer, string]>([
    [
      "a comma that is not quoted",
      "worker_id,name\nW-1,Ana\nW-2,Silva, Ben\n",
      "line 3: the number of fields is 3, and 2 in the heading: a field that contains the delimiter must be in quotes",
    ],
    ["a short line", "worker_id,name\nW-1\n", "line 2: the number of fields is 1, and 2 in the heading"],
    ["a quote that is not closed", 'worker_id,name\nW-1,"Ana\nW-2,Ben\n', "line 2: a quote is not closed"],
    [
      "Latin-1",
      Buffer.from("worker_id,name\nW-1,J\u00f6rg\n", "latin1"),
      "line 2: is not UTF-8: convert the file, for example with iconv -f latin1 -t utf-8",
    ],
    [
      "UTF-16",
      Buffer.from("\ufeffworker_id\nW-1\n", "utf16le"),
      "line 1: is not UTF-8: convert the file, for example with iconv -f latin1 -t utf-8",
    ],
    ["an empty file", "", "there is no heading"],
    [
      "another separator than it says",
      "sep=|\nworker_id;name\nW-1;Ana\n",
      "has no column worker_id; there are worker_id;name",
    ],
    ["no row", "worker_id,name\n", "no row has a worker_id"],
  ])("describeCsvError names the line and the cause: %s", async (_, content, message) => {
    const { path, tables } = rosterOf(content);
    await expect(read("examples", async () => {}, { tables })).rejects.toThrow(`${path}: ${message}`);
  });
});
