import { X509Certificate } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { ConfigError } from "../../../src/config/errors.js";
import { runCli, temporaryDirectory } from "../../cli/support.js";
import { type Authority, createAuthority, type Pair, writePair } from "../../support/certificates.js";
import { AUTH, digest, tokens } from "../../support/identities.js";
import { startTestServer, type TestServer } from "../../support/server.js";

let authority: Authority;
let pair: Pair;
let other: Pair;
let expired: Pair;
beforeAll(async () => {
  authority = await createAuthority("authority");
  [pair, other, expired] = await Promise.all([
    authority.issue("log"),
    authority.issue("other"),
    authority.issue("old", { days: -1 }),
  ]);
});

/** Good files of [tls] and [auth], and the flags that name them. */
function writeFiles() {
  const directory = temporaryDirectory();
  const pathOf = (name: string) => join(directory, name);
  writePair(directory, pair);
  writeFileSync(pathOf("ca.pem"), authority.cert);
  writeFileSync(pathOf("auth.toml"), AUTH, { mode: 0o600 });
  const settings = {
    tls: {
      cert: pathOf("cert.pem"),
      key: pathOf("key.pem"),
      client_ca: pathOf("ca.pem"),
      client_auth: "optional" as const,
    },
    auth: { file: pathOf("auth.toml") },
  };
  const { cert, key, client_ca } = settings.tls;
  const flags = ["--tls-cert", cert, "--tls-key", key, "--tls-client-ca", client_ca, "--tls-client-auth", "optional"];
  return { settings, pathOf, flags: [...flags, "--auth-file", settings.auth.file] };
}

async function start(settings: ReturnType<typeof writeFiles>["settings"]): Promise<TestServer> {
  const server = await startTestServer(settings);
  onTestFinished(async () => void (await server.close()));
  return server;
}

const encrypted = (key: string) => key.replaceAll("PRIVATE", "ENCRYPTED PRIVATE");
const der = (cert: string) => new X509Certificate(cert).raw;

// The file, what is in it, and what is said; FILE stands for its path.
const BAD: readonly (readonly [string, string, () => string | Buffer, string])[] = [
  ["an expired certificate", "cert.pem", () => expired.cert, "[tls] cert: FILE: CN=old has expired on "],
  [
    "the certificate of another key",
    "cert.pem",
    () => other.cert,
    "is not the key of the certificate in [tls] cert: FILE",
  ],
  ["a certificate in DER", "cert.pem", () => der(pair.cert), "[tls] cert: FILE: is DER, expected PEM"],
  ["an empty certificate", "cert.pem", () => "", "[tls] cert: FILE: is empty"],
  ["a key for a certificate", "cert.pem", () => pair.key, "[tls] cert: FILE: expected a certificate (-----BEGIN"],
  ["an encrypted key", "key.pem", () => encrypted(pair.key), "[tls] key: FILE: is encrypted, expected a key without"],
  ["a certificate for a key", "key.pem", () => pair.cert, "[tls] key: FILE: expected a private key (-----BEGIN"],
  ["an empty key", "key.pem", () => "", "[tls] key: FILE: is empty"],
  ["no authority", "ca.pem", () => other.cert, "[tls] client_ca: FILE: CN=other is not an authority (CA)"],
  ["an authority in DER", "ca.pem", () => der(authority.cert), "[tls] client_ca: FILE: is DER, expected PEM"],
  ["an identity twice", "auth.toml", () => AUTH + AUTH, "FILE:31: the identity validatord is given twice"],
  [
    "an unknown role",
    "auth.toml",
    () => AUTH.replace('"read"', '"reader"'),
    "FILE:18: identity analyst: roles[0]: expected one of append, read, admin",
  ],
  [
    "a token hash of another length",
    "auth.toml",
    () => AUTH.replace(digest(tokens.read), digest(tokens.read).slice(1)),
    "FILE:21: identity analyst: token 1: sha256: expected 64 hexadecimal digits",
  ],
  [
    "a pattern that matches nothing",
    "auth.toml",
    () => AUTH.replace("validatord-*", "*-validatord"),
    "FILE:4: identity validatord: daemons[0]: expected the name of a daemon, or its beginning and *",
  ],
  ["an empty file of identities", "auth.toml", () => "", "FILE: expected one or more [[identity]]"],
  ["no TOML", "auth.toml", () => "[[identity", "FILE:1:3: not valid TOML"],
];

test.each(BAD)(
  "%s ends the start, and check-config, in one line with exit code 2",
  async (_what, name, content, message) => {
    const { settings, pathOf, flags } = writeFiles();
    writeFileSync(pathOf(name), content());
    const expected = message.replace("FILE", pathOf(name));
    await expect(start(settings)).rejects.toThrow(ConfigError);
    await expect(start(settings)).rejects.toThrow(expected);
    const { code, stderr } = await runCli(["check-config", ...flags], { now_ms: Date.now });
    expect([code, stderr.split("\n").length]).toEqual([2, 2]);
    expect(stderr).toContain(expected);
  },
);

test.each(BAD)("%s changes nothing at a reload, and is told in one line", async (_what, name, content, message) => {
  const { settings, pathOf } = writeFiles();
  const server = await start(settings);
  const good = readFileSync(pathOf(name));
  writeFileSync(pathOf(name), content());
  server.service.reopen();
  const told = () => server.logs.filter(({ reason }) => String(reason).includes(pathOf(name)));
  expect(told()).toMatchObject([{ level: 50, reason: expect.stringContaining(message.replace("FILE", pathOf(name))) }]);
  expect(String(told()[0]?.reason)).not.toContain("\n");
  writeFileSync(pathOf(name), good);
  server.service.reopen();
  expect(server.logs.filter(({ msg }) => msg === "TLS certificate loaded" || msg === "identities loaded")).toHaveLength(
    1,
  );
});

test("a file of identities that everyone can read is used, and warned of at start and by check-config", async () => {
  const { settings, pathOf, flags } = writeFiles();
  chmodSync(pathOf("auth.toml"), 0o644);
  const reason = `[auth] file: ${pathOf("auth.toml")} can be read or changed by everyone on this machine; chmod 640 it`;
  const server = await start(settings);
  expect(server.logs).toContainEqual(expect.objectContaining({ level: 40, reason }));
  expect(await runCli(["check-config", ...flags], { now_ms: Date.now })).toMatchObject({
    code: 0,
    stderr: `sessionlog: ${reason}\n`,
  });
});
