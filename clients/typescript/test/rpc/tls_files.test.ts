import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { temporaryDirectory } from "../../../../test/cli/support.js";
import { type Authority, createAuthority, type Pair } from "../../../../test/support/certificates.js";
import { channelCredentials } from "../../src/rpc/tls_files.js";

let authority: Authority;
let pair: Pair;
let other: Pair;
let expired: Pair;
beforeAll(async () => {
  authority = await createAuthority("authority");
  [pair, other, expired] = await Promise.all([
    authority.issue("daemon"),
    authority.issue("other"),
    authority.issue("", { days: -1 }),
  ]);
});

type Files = Readonly<Record<string, string | Buffer>>;

/** Writes files, and says what is wrong with them as ca_file, cert_file and key_file; empty when nothing is. */
async function problemOf(files: Files): Promise<string> {
  const directory = temporaryDirectory();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  const pathOf = (name: string) => (name in files ? join(directory, name) : undefined);
  const tls = { ca_file: pathOf("ca"), cert_file: pathOf("cert"), key_file: pathOf("key") };
  return channelCredentials(tls).then(
    () => "",
    (error: Error) => error.message.replaceAll(directory, ""),
  );
}

test("channelCredentials names a file that cannot be read", async () => {
  await expect(channelCredentials({ ca_file: "/no/ca.pem" })).rejects.toThrow(
    "ca_file: /no/ca.pem: no such file or directory",
  );
  await expect(channelCredentials({ ca_file: "/" })).rejects.toThrow("ca_file: /: is a directory");
});

test("channelCredentials takes authorities, of which some have expired, and a pair", async () => {
  const old = await createAuthority("old", -1);
  expect(await problemOf({ ca: old.cert + authority.cert, cert: pair.cert, key: pair.key })).toBe("");
  expect(await problemOf({})).toBe("");
});

test.each<[string, () => Files, string]>([
  ["an empty file", () => ({ ca: "" }), "ca_file: /ca: is empty"],
  ["DER", () => ({ ca: new X509Certificate(pair.cert).raw }), "ca_file: /ca: is DER, expected PEM"],
  ["something else", () => ({ ca: "hello" }), "ca_file: /ca: expected PEM"],
  [
    "a broken certificate",
    () => ({ ca: pair.cert.replace("MII", "AAA") }),
    "ca_file: /ca: has a certificate that cannot be read",
  ],
  [
    "a key for a certificate",
    () => ({ cert: pair.key, key: pair.cert }),
    "cert_file: /cert: expected a certificate (-----BEGIN CERTIFICATE-----)",
  ],
  [
    "a certificate for a key",
    () => ({ cert: pair.cert, key: pair.cert }),
    "key_file: /key: expected a private key (-----BEGIN PRIVATE KEY-----)",
  ],
  [
    "an encrypted key",
    () => ({ cert: pair.cert, key: pair.key.replaceAll("PRIVATE", "ENCRYPTED PRIVATE") }),
    "key_file: /key: is encrypted, expected a key without passphrase",
  ],
  [
    "the key of another certificate",
    () => ({ cert: pair.cert, key: other.key }),
    "key_file: /key: is not the key of the certificate in /cert",
  ],
  ["a certificate without a key", () => ({ cert: pair.cert }), "key_file: expected beside the certificate"],
  ["a key without a certificate", () => ({ key: pair.key }), "cert_file: expected beside the key"],
  [
    "an expired certificate",
    () => ({ cert: expired.cert, key: expired.key }),
    "cert_file: /cert: the certificate has expired on 2",
  ],
])("channelCredentials refuses %s in one line that names the option and the file", async (_what, files, message) => {
  const problem = await problemOf(files());
  expect(problem.startsWith(message)).toBe(true);
  expect(problem).not.toContain("\n");
});
