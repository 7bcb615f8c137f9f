import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/config.js";
import { isInsecure } from "../../src/config/listen_rules.js";

const SETTINGS = {
  tls: { "tls.cert": "c.pem", "tls.key": "k.pem" },
  optional: { "tls.client_ca": "ca.pem", "tls.client_auth": "optional" },
  require: { "tls.client_ca": "ca.pem", "tls.client_auth": "require" },
  auth: { "auth.file": "auth.toml" },
  insecure: { "server.insecure": "true" },
};
type Name = keyof typeof SETTINGS;

/** How a start ends with these settings: it is refused, allowed with a warning, or allowed. */
function outcome(listen: string, names: readonly Name[]): string {
  const given = Object.assign({ "server.listen": listen }, ...names.map((name) => SETTINGS[name]));
  const flags = new Map(Object.entries(given).map(([name, text]) => [name, { flag: "--x", text: String(text) }]));
  try {
    const { config } = loadConfig({
      flags,
      config_flag: undefined,
      env: {},
      cwd: "/",
      readFile: () => Buffer.alloc(0),
    });
    return isInsecure(config) ? "warned" : "allowed";
  } catch (error) {
    return String(error).includes("tokens would go to") ? "refused for its tokens" : "refused";
  }
}

const OTHER_MACHINES = ["0.0.0.0:1", "[::]:1", "192.0.2.1:1", "[::ffff:127.0.0.1]:1", "log.example:1"];
const THIS_MACHINE = ["127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "localhost:1", "unix:/s.sock"];

describe.each(OTHER_MACHINES)("other machines at %s", (listen) => {
  test.each<[readonly Name[], string]>([
    [[], "refused"],
    [["tls"], "refused"],
    [["tls", "optional"], "refused"],
    [["tls", "require"], "allowed"],
    [["tls", "auth"], "allowed"],
    [["tls", "optional", "auth"], "allowed"],
    [["tls", "require", "auth", "insecure"], "allowed"],
    [["insecure"], "warned"],
    [["tls", "insecure"], "warned"],
    [["tls", "optional", "insecure"], "warned"],
    [["auth"], "refused for its tokens"],
    [["auth", "insecure"], "refused for its tokens"],
  ])("with %j are %s", (names, expected) => {
    expect(outcome(listen, names)).toBe(expected);
  });
});

test.each(THIS_MACHINE)("programs of this machine at %s are allowed with any of it", (listen) => {
  const all: readonly (readonly Name[])[] = [[], ["auth"], ["tls"], ["tls", "require", "auth"], ["insecure"]];
  for (const names of all) expect(outcome(listen, names)).toBe("allowed");
});
