import { createHash } from "node:crypto";
import { ConfigError, describeFileError } from "./errors.js";

const TOKEN = /^[\x21-\x7e]{16,1024}$/;

/**
 * Reads the file of [metrics] token_file: the SHA-256 of its token; undefined when none is set.
 *
 * @throws ConfigError, one line that names the key and the file
 */
export function readTokenFile(path: string, readFile: (path: string) => Buffer): Buffer | undefined {
  if (path === "") return undefined;
  let text: string;
  try {
    text = readFile(path).toString().trim();
  } catch (error) {
    throw new ConfigError(`[metrics] token_file: ${path}: ${describeFileError(error)}`);
  }
  if (TOKEN.test(text)) return createHash("sha256").update(text).digest();
  throw new ConfigError(`[metrics] token_file: ${path}: expected one token of 16 to 1024 visible characters`);
}
