import { EventEmitter } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { fixedConfig } from "../../src/config/reload.js";
import { runService, StartError, startService } from "../../src/service/service.js";
import { testConfig } from "../support/server.js";

const root = mkdtempSync(join(tmpdir(), "sessionlog-service-"));
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(root, "test-"));
});
// Not after each: a service that was ended at once may still be closing its files.
afterAll(() => rmSync(root, { recursive: true }));

describe("runService", () => {
  test.each(["SIGTERM", "SIGINT"])("serves until %s and resolves with 0, leaving no listeners", async (signal) => {
    const signals = new EventEmitter();
    const logger = pino(
      {},
      {
        write: (line: string) => {
          if (JSON.parse(line).msg === "serving") signals.emit(signal);
        },
      },
    );
    expect(await runService(fixedConfig(testConfig(directory)), logger, signals)).toBe(0);
    expect(signals.eventNames()).toEqual([]);
  });

  test("goes on after SIGHUP", async () => {
    const signals = new EventEmitter();
    const logger = pino(
      {},
      {
        write: (line: string) => {
          if (JSON.parse(line).msg !== "serving") return;
          signals.emit("SIGHUP");
          signals.emit("SIGTERM");
        },
      },
    );
    expect(await runService(fixedConfig(testConfig(directory)), logger, signals)).toBe(0);
  });

  test("ends at once with 1 at a second signal", async () => {
    const signals = new EventEmitter();
    const logger = pino(
      {},
      {
        write: (line: string) => {
          if (JSON.parse(line).msg !== "serving") return;
          signals.emit("SIGTERM");
          signals.emit("SIGINT");
        },
      },
    );
    expect(await runService(fixedConfig(testConfig(directory)), logger, signals)).toBe(1);
  });

  test("rejects with StartError, leaving no listeners, when the session log is a directory", async () => {
    const signals = new EventEmitter();
    const path = join(directory, "sessions.jsonl");
    mkdirSync(path);
    const config = testConfig(directory, { log: { path } });
    await expect(runService(fixedConfig(config), pino({ enabled: false }), signals)).rejects.toThrow(StartError);
    expect(signals.eventNames()).toEqual([]);
  });
});

describe("startService", () => {
  test("resolves once appends are accepted, and stops when told", async () => {
    const service = await startService(fixedConfig(testConfig(directory)), pino({ enabled: false }));
    expect(service.address).toMatch(/^127\.0\.0\.1:\d+$/);
    service.stop();
    expect(await service.ended).toBe(0);
  });

  test("rejects with StartError when the port is in use", async () => {
    const service = await startService(fixedConfig(testConfig(directory)), pino({ enabled: false }));
    const config = testConfig(directory, { server: { listen: service.address } });
    await expect(startService(fixedConfig(config), pino({ enabled: false }))).rejects.toThrow(StartError);
    service.stop();
    await service.ended;
  });
});
