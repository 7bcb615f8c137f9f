import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { ConfigError } from "../../src/config/errors.js";
import { readTokenFile } from "../../src/config/token_file.js";

const token = "0123456789abcdef";
const read = (content: string) => readTokenFile("/t", () => Buffer.from(content));

test("readTokenFile gives the digest of the token, and nothing where no file is set", () => {
  expect(read(`${token}\n`)).toEqual(createHash("sha256").update(token).digest());
  expect(readTokenFile("", () => Buffer.alloc(0))).toBeUndefined();
});

test.each(["", "\n", "short", "x".repeat(1_025), `${token} ${token}`, `${token}\n${token}`, "0123456789abcdéf"])(
  "readTokenFile refuses %j",
  (content) => {
    const expected = "[metrics] token_file: /t: expected one token of 16 to 1024 visible characters";
    expect(() => read(content)).toThrow(new ConfigError(expected));
  },
);

test("readTokenFile says why a file cannot be read", () => {
  const readFile = () => {
    throw Object.assign(new Error("ENOENT"), { code: "ENOENT" });
  };
  const expected = "[metrics] token_file: /t: no such file or directory";
  expect(() => readTokenFile("/t", readFile)).toThrow(new ConfigError(expected));
});
