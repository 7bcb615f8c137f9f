import { X509Certificate } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { ConfigError } from "../../src/config/errors.js";
import { readTlsFiles } from "../../src/config/tls_files.js";
import { type Authority, createAuthority, type Pair } from "../support/certificates.js";

let authority: Authority;
let pair: Pair;
let other: Pair;
let expired: Pair;
beforeAll(async () => {
  authority = await createAuthority("own authority");
  [pair, other, expired] = await Promise.all([
    authority.issue("log"),
    authority.issue("other"),
    authority.issue("old", { days: -1 }),
  ]);
});

function read(files: Record<string, string | Buffer>) {
  const tls = {
    cert: "/c",
    key: "/k",
    client_ca: "ca" in files ? "/ca" : "",
    client_auth: "none" as const,
    min_version: "1.2" as const,
    reload_interval_ms: 0,
  };
  const readFile = (path: string) => {
    const content = files[path.slice(1)];
    if (content === undefined) throw Object.assign(new Error("no"), { code: "ENOENT" });
    return Buffer.from(content);
  };
  return readTlsFiles(tls, { readFile, now_ms: Date.now() });
}

test("readTlsFiles tells what the certificate is", () => {
  const files = read({ c: pair.cert, k: pair.key, ca: authority.cert });
  expect(files?.facts).toMatchObject({
    subject: "CN=log",
    names: "IP Address:127.0.0.1, DNS:localhost",
    not_after: expect.stringMatching(/^\d{4}-.*Z$/),
    sha256: expect.stringMatching(/^([0-9A-F]{2}:){31}/),
  });
  expect(files?.ca_fingerprints.size).toBe(1);
});

test("readTlsFiles takes a certificate without a subject, which has names only", async () => {
  const unnamed = await authority.issue("");
  expect(read({ c: unnamed.cert, k: unnamed.key })?.facts).toMatchObject({
    subject: "a certificate without a subject",
    names: "IP Address:127.0.0.1, DNS:localhost",
  });
  const old = await authority.issue("", { days: -1 });
  expect(() => read({ c: old.cert, k: old.key })).toThrow(
    "[tls] cert: /c: a certificate without a subject has expired",
  );
});

test.each<[string, () => Record<string, string | Buffer>, string]>([
  ["a missing file", () => ({ c: pair.cert }), "[tls] key: /k: no such file or directory"],
  ["an empty file", () => ({ c: "", k: pair.key }), "[tls] cert: /c: is empty"],
  ["something else", () => ({ c: "hello", k: pair.key }), "[tls] cert: /c: expected PEM"],
  [
    "a key for a certificate",
    () => ({ c: pair.key, k: pair.key }),
    "[tls] cert: /c: expected a certificate (-----BEGIN",
  ],
  [
    "a certificate for a key",
    () => ({ c: pair.cert, k: pair.cert }),
    "[tls] key: /k: expected a private key (-----BEGIN PRIVATE KEY-----)",
  ],
  ["DER", () => ({ c: new X509Certificate(pair.cert).raw, k: pair.key }), "[tls] cert: /c: is DER, expected PEM"],
  [
    "a broken certificate",
    () => ({ c: pair.cert.replace("MII", "AAA"), k: pair.key }),
    "[tls] cert: /c: has a certificate",
  ],
  [
    "an encrypted key",
    () => ({ c: pair.cert, k: pair.key.replaceAll("PRIVATE", "ENCRYPTED PRIVATE") }),
    "[tls] key: /k: is encrypted, expected a key without passphrase",
  ],
  [
    "the key of another certificate",
    () => ({ c: pair.cert, k: other.key }),
    "[tls] key: /k is not the key of the certificate in [tls] cert: /c",
  ],
  ["an expired certificate", () => ({ c: expired.cert, k: expired.key }), "[tls] cert: /c: CN=old has expired on "],
  [
    "a certificate as authority",
    () => ({ c: pair.cert, k: pair.key, ca: other.cert }),
    "[tls] client_ca: /ca: CN=other is not an authority (CA)",
  ],
])("readTlsFiles refuses %s in one line", (_what, files, message) => {
  try {
    read(files());
    expect.fail("it was read");
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("\n");
  }
});

test("readTlsFiles warns of a chain that clients may refuse", async () => {
  const [first, gone, stranger] = await Promise.all([
    createAuthority("first"),
    createAuthority("gone", -1),
    createAuthority("stranger"),
  ]);
  const warningsOf = async (issuer: Authority, ...chain: readonly Authority[]) => {
    const { cert, key } = await issuer.issue("log");
    return read({ c: [cert, ...chain.map((each) => each.cert)].join(""), k: key })?.warnings;
  };
  expect(await warningsOf(first)).toEqual([]);
  expect(await warningsOf(first, first)).toEqual([]);
  expect(await warningsOf(first, stranger)).toEqual([
    "[tls] cert: /c: CN=stranger has not issued CN=log, which it follows",
  ]);
  expect(await warningsOf(gone, gone)).toEqual([
    expect.stringMatching(/^\[tls\] cert: \/c: CN=gone in its chain has expired on \d{4}-.*Z$/),
  ]);
});
