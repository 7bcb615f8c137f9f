import { expect, test } from "vitest";
import { ConfigError, loadConfig } from "../../src/config/config.js";

const open =
  '[metrics] listen: "0.0.0.0:9464" is not a loopback address, and anyone there could read the metrics; set [metrics] tls = true, ' +
  "and token_file or [tls] client_ca; or [metrics] open = true if that is wanted";
const everywhere = '[metrics]\nlisten = "0.0.0.0:9464"\n';
const pair = '[tls]\ncert = "c"\nkey = "k"\n';

function load(toml: string) {
  const readFile = () => Buffer.from(toml);
  return loadConfig({ flags: new Map(), config_flag: "s.toml", env: {}, cwd: "/", readFile }).config.metrics;
}

test.each([
  [
    '[metrics]\nlisten = "unix:/x"',
    '[metrics] listen: expected "host:port" with a port from 0 to 65535 (an IPv6 host in brackets), or "" for none; got "unix:/x"',
  ],
  ["[metrics]\ntls = true", "[metrics] tls needs [tls] cert and key"],
  ['[metrics]\nopen = true\ntoken_file = "t"', "[metrics] open and [metrics] token_file exclude each other"],
  [everywhere, open],
  [`${everywhere}token_file = "t"\n${pair}`, open],
  [`${everywhere}tls = true\n${pair}`, open],
])("checkMetrics refuses %j", (toml, message) => {
  expect(() => load(toml)).toThrow(new ConfigError(`/s.toml: ${message}`));
});

test.each([
  "",
  '[metrics]\nlisten = "127.0.0.1:9464"',
  '[metrics]\nlisten = "[::1]:9464"\ntoken_file = "t"',
  `${everywhere}open = true`,
  `${everywhere}tls = true\ntoken_file = "t"\n${pair}`,
  `${everywhere}tls = true\n${pair}client_ca = "ca"`,
])("checkMetrics lets %j pass", (toml) => {
  expect(load(toml)).toMatchObject({ tls: toml.includes("tls = true") });
});
