import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/config.js";
import { differences, reloaded, runningConfig } from "../../src/config/reload.js";
import { listSettings } from "../../src/config/settings.js";

const load = (toml: string) =>
  loadConfig({ flags: new Map(), config_flag: "/etc/s.toml", env: {}, cwd: "/", readFile: () => Buffer.from(toml) });

const TLS = '[tls]\ncert = "c.pem"\nkey = "k.pem"\n[auth]\nfile = "a.toml"\n';

describe("reloaded", () => {
  test("reloaded takes what a reload applies, and keeps what needs a restart", () => {
    const before = load('[log]\npath = "a.jsonl"\n[record]\nkinds = ["a"]\n');
    const next = load('[log]\npath = "b.jsonl"\n[record]\nkinds = ["b"]\n');
    const { config } = reloaded(before, next);
    expect(config.log.path).toBe("/etc/a.jsonl");
    expect(config.record.kinds).toEqual(["b"]);
  });

  test("reloaded refuses what is right only with a setting that needs a restart", () => {
    const before = load(`[server]\nlisten = "0.0.0.0:1"\n${TLS}`);
    const next = load('[server]\nlisten = "127.0.0.1:1"\n');
    expect(() => reloaded(before, next)).toThrow(
      'with what needs a restart as it was: /etc/s.toml: [server] listen: "0.0.0.0:1" is not a loopback address',
    );
  });
});

test("differences names settings with their values, equal ones written otherwise are none", () => {
  const before = load('[log]\nqueue_bytes = "1MiB"\nqueue_rows = 1\n');
  const after = load('[log]\nqueue_bytes = 1048576\nqueue_rows = 2\n[langfuse]\nurl = "https://x"\n');
  expect(differences(before, after)).toEqual([
    { name: "[log] queue_rows", applies: "restart", before: "1", after: "2" },
    { name: "[langfuse] url", applies: "command", before: '""', after: '"https://x"' },
  ]);
});

test("runningConfig names what needs a restart at each reload until it is as it was", () => {
  let toml = "";
  const first = runningConfig(load(toml), () => load(toml));
  toml = "[log]\nqueue_rows = 2\n[record]\nkinds = ['x']\n";
  const second = first.reread();
  expect(second).toMatchObject({ changed: ["[record] kinds"], restart: ["[log] queue_rows"] });
  expect(second.next.reread()).toMatchObject({ changed: [], restart: ["[log] queue_rows"] });
  toml = "";
  const third = second.next.reread();
  expect(third).toMatchObject({ changed: ["[record] kinds"], restart: [] });
  expect([third.next.hash, second.next.hash === first.hash]).toEqual([first.hash, false]);
});

test("a restart is needed for what is opened at start, and for nothing else of the service", () => {
  const restart = listSettings().filter(({ applies }) => applies === "restart");
  expect(restart.filter(({ section }) => section === "server").map(({ key }) => key)).toEqual([
    "listen",
    "socket_mode",
    "socket_group",
    "insecure",
  ]);
  expect([...new Set(restart.map(({ section }) => section))]).toEqual(["server", "log", "metrics", "logs"]);
});
