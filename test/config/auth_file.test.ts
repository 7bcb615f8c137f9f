import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { authFileWarnings, readAuthFile } from "../../src/config/auth_file.js";
import { ConfigError } from "../../src/config/errors.js";
import { temporaryDirectory } from "../cli/support.js";

const SHA = "ab".repeat(32);
const GOOD = `
[[identity]]
name = "validatord"
daemons = ["validatord-*", "other"]
roles = ["append", "read"]
certificates = ["URI:spiffe://prod/validatord"]
[[identity.token]]
id = "2026-11"
sha256 = "${SHA}"
not_after = 2027-02-01T00:00:00Z
`;

function read(text: string | Buffer, unix_identity = "") {
  const auth = { file: "/auth.toml", reflection: "public" as const, unix_identity, reload_interval_ms: 1_000 };
  return readAuthFile(auth, () => Buffer.from(text));
}

test("readAuthFile gives identities, whose own name is one of their daemons", () => {
  expect(read(GOOD)).toEqual([
    {
      name: "validatord",
      daemons: ["validatord", "validatord-*", "other"],
      roles: new Set(["append", "read"]),
      certificates: ["URI:spiffe://prod/validatord"],
      tokens: [{ id: "2026-11", sha256: Buffer.from(SHA, "hex"), not_after_ms: Date.UTC(2027, 1, 1) }],
    },
  ]);
});

describe("readAuthFile refuses in one line", () => {
  test.each<[string, string | Buffer, string]>([
    ["no identities", "", "/auth.toml: expected one or more [[identity]]"],
    ["bytes that are no text", Buffer.from([0xff]), "[auth] file: /auth.toml: not valid TOML: the bytes are not UTF-8"],
    ["broken TOML", "[[identity", "/auth.toml:1:"],
    ["an unknown section", `${GOOD}[other]`, "/auth.toml:11: other is not a known key; known is [[identity]]"],
    [
      "an unknown key",
      GOOD.replace("roles", "rolls"),
      "/auth.toml:5: [[identity]]: rolls is not a known key; known are name",
    ],
    ["a name with a blank", GOOD.replace('"validatord"', '"a b"'), "/auth.toml:3: name: expected 1 to 64 of"],
    [
      "an unknown role",
      GOOD.replace('"read"', '"write"'),
      "/auth.toml:5: identity validatord: roles[1]: expected one of append, read, admin",
    ],
    [
      "no role",
      GOOD.replace('["append", "read"]', "[]"),
      "/auth.toml:5: identity validatord: roles: expected one or more of",
    ],
    [
      "a pattern that matches no daemon",
      GOOD.replace("validatord-*", "*-1"),
      "/auth.toml:4: identity validatord: daemons[0]: expected the name of a daemon, or its beginning and *",
    ],
    [
      "a name that no certificate has",
      GOOD.replace("URI:", "CN="),
      "/auth.toml:6: identity validatord: certificates[0]: expected a name as in a certificate",
    ],
    [
      "half a hash",
      GOOD.replace(SHA, SHA.slice(2)),
      "/auth.toml:9: identity validatord: token 1: sha256: expected 64 hexadecimal digits",
    ],
    ["no name", GOOD.replace('name = "validatord"', ""), "/auth.toml:2: name: expected 1 to 64 of"],
    [
      "an unknown key of the second token",
      `${GOOD}[[identity.token]]\nid = "b"\nsha-256 = "x"\n`,
      "/auth.toml:13: identity validatord: token 2: sha-256 is not a known key; known are id, sha256, not_after",
    ],
    [
      "a time in quotes",
      GOOD.replace(/(2027.*Z)/, '"$1"'),
      "/auth.toml:10: identity validatord: token 1: not_after: expected a time without quotes",
    ],
    [
      "an identity twice",
      GOOD + GOOD,
      "/auth.toml:13: the identity validatord is given twice, to validatord and to validatord",
    ],
    [
      "a token of two",
      GOOD + GOOD.replace('"validatord"', '"b"').replace("URI:spiffe://prod/validatord", "DNS:b"),
      "/auth.toml:19: a token (sha256 abababab…) is given twice, to validatord and to b",
    ],
  ])("%s", (_what, text, message) => {
    try {
      read(text);
      expect.fail("it was read");
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      expect(error.message).toContain(message);
      expect(error.message).not.toContain("\n");
    }
  });

  test("the line is that of the first identity where they are written in one line", () => {
    expect(() => read('identity = [{ name = "a b" }]')).toThrow("/auth.toml:1: name: expected 1 to 64 of");
  });

  test("a Unix socket's identity that is not there", () => {
    expect(() => read(GOOD, "nobody")).toThrow("[auth] unix_identity: /auth.toml has no identity nobody");
    expect(read(GOOD, "validatord")).toHaveLength(1);
  });
});

test("authFileWarnings names a file that everyone can read or change", () => {
  const file = join(temporaryDirectory(), "auth.toml");
  const warnings = (mode: number) => {
    writeFileSync(file, GOOD);
    chmodSync(file, mode);
    return authFileWarnings({ file, reflection: "public", unix_identity: "", reload_interval_ms: 1_000 });
  };
  expect([0o600, 0o640].flatMap(warnings)).toEqual([]);
  const warned = `[auth] file: ${file} can be read or changed by everyone on this machine; chmod 640 it`;
  expect([0o644, 0o602].flatMap(warnings)).toEqual([warned, warned]);
});
