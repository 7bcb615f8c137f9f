import { describe, expect, test } from "vitest";
import { createBufferedOutput } from "../../../src/cli/output/buffered_output.js";

describe("createBufferedOutput", () => {
  test("createBufferedOutput buffers text until it is flushed", async () => {
    const written: string[] = [];
    const output = createBufferedOutput(async (text) => void written.push(text), 10, expect.fail);
    await output.write("12345");
    await output.write("67890");
    expect(written).toEqual([]);
    await output.flush();
    expect(written).toEqual(["12345", "67890"]);
  });

  test("createBufferedOutput reports once that it is too long, before it writes", async () => {
    const written: string[] = [];
    const output = createBufferedOutput(
      async (text) => void written.push(text),
      3,
      () => written.push("overflow"),
    );
    for (const text of ["ab", "cd", "ef"]) await output.write(text);
    await output.flush();
    expect(written).toEqual(["overflow", "ab", "cd", "ef"]);
  });
});
