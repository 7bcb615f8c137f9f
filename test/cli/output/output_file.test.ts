import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { WorkError } from "../../../src/cli/context.js";
import { replaceFile, replaceTextFile } from "../../../src/cli/output/output_file.js";
import { temporaryDirectory } from "../support.js";

describe("replaceTextFile", () => {
  test("replaceTextFile gives the file its name at the end", async () => {
    const directory = temporaryDirectory();
    const path = join(directory, "x");
    writeFileSync(path, "old");
    await replaceTextFile(path, async (sink) => {
      await sink("nęw");
      expect(readFileSync(path, "utf8")).toBe("old");
    });
    expect(readFileSync(path, "utf8")).toBe("nęw");
    const failed = replaceTextFile(path, async (sink) => {
      await sink("no");
      throw new Error("broken");
    });
    await expect(failed).rejects.toThrow("broken");
    expect([readFileSync(path, "utf8"), readdirSync(directory)]).toEqual(["nęw", ["x"]]);
  });

  test("replaceTextFile says what it cannot write", async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "d"));
    const write = (name: string) => replaceTextFile(join(directory, name), (sink) => sink("x"));
    await expect(write("none/x")).rejects.toThrow(WorkError);
    await expect(write("d")).rejects.toThrow(`${directory}/d: cannot write: is a directory`);
    await expect(write("x".repeat(300))).rejects.toThrow("cannot write: the path is too long");
  });
});

test("replaceFile writes devices directly", async () => {
  expect(await replaceFile("/dev/null", async (path) => path)).toBe("/dev/null");
});
