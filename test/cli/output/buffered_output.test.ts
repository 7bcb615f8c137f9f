import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { WorkError } from "../../../src/cli/context.js";
import { createHeldOutput, createOutputFile, temporaryPath } from "../../../src/cli/output/buffered_output.js";
import { temporaryDirectory } from "../support.js";

describe("createHeldOutput", () => {
  test("createHeldOutput keeps text until it is flushed", async () => {
    const written: string[] = [];
    const held = createHeldOutput(async (text) => void written.push(text), 10, expect.fail);
    await held.write("12345");
    await held.write("67890");
    expect(written).toEqual([]);
    await held.flush();
    expect(written).toEqual(["12345", "67890"]);
  });

  test("createHeldOutput says once that it is too much, before it writes", async () => {
    const written: string[] = [];
    const held = createHeldOutput(
      async (text) => void written.push(text),
      3,
      () => written.push("overflow"),
    );
    for (const text of ["ab", "cd", "ef"]) await held.write(text);
    await held.flush();
    expect(written).toEqual(["overflow", "ab", "cd", "ef"]);
  });
});

describe("createOutputFile", () => {
  test("createOutputFile gives the file its name at the end", async () => {
    const directory = temporaryDirectory();
    const path = join(directory, "x");
    writeFileSync(path, "old");
    const file = createOutputFile(path);
    await file.write("nęw");
    expect(readFileSync(path, "utf8")).toBe("old");
    file.finish();
    expect(readFileSync(path, "utf8")).toBe("nęw");
    const other = createOutputFile(path);
    await other.write("no");
    other.discard();
    expect([readFileSync(path, "utf8"), readdirSync(directory)]).toEqual(["nęw", ["x"]]);
  });

  test("createOutputFile says what it cannot write", () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "d"));
    expect(() => createOutputFile(join(directory, "none", "x"))).toThrow(WorkError);
    expect(() => createOutputFile(join(directory, "d"))).toThrow(`${directory}/d: cannot write: is a directory`);
  });

  test("temporaryPath leaves devices as they are", () => {
    expect(temporaryPath("/dev/null")).toBe("/dev/null");
  });
});
