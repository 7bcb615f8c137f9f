import type { EventEmitter } from "node:events";
import type pino from "pino";
import type { RunningConfig } from "../config/reload.js";
import { type LaunchedService, launchService } from "./launch.js";
import { notifySystemd } from "./systemd.js";

export { StartError } from "./launch.js";

/** A service that accepts appends. */
export type RunningService = Pick<LaunchedService, "address" | "ended" | "stop">;

/**
 * Serves until a signal ends it or the journal fails: SIGTERM and SIGINT drain, a second one ends at once, SIGHUP checks
 * the session log's file and reads the configuration again, SIGUSR2 seals it. systemd is notified when it listens and
 * when it is to stop. Resolves with the process's exit code; the caller exits. Rejects with StartError when it cannot start.
 *
 * @param signals emits "SIGTERM", "SIGINT", "SIGHUP" and "SIGUSR2": the process.
 */
export async function runService(running: RunningConfig, logger: pino.Logger, signals: EventEmitter): Promise<number> {
  const service = await launchService(running, logger);
  notifySystemd("ready", process.env, logger);
  const stop = () => {
    notifySystemd("stopping", process.env, logger);
    service.stop();
  };
  const reactions = { SIGTERM: stop, SIGINT: stop, SIGHUP: service.reopen, SIGUSR2: service.rotate };
  for (const [signal, react] of Object.entries(reactions)) signals.on(signal, react);
  try {
    await Promise.race([service.opened, service.ended]);
    return await service.ended;
  } finally {
    for (const [signal, react] of Object.entries(reactions)) signals.off(signal, react);
  }
}

/** Starts the service for a caller that stops it. Resolves once appends are accepted; rejects with StartError. */
export async function startService(running: RunningConfig, logger: pino.Logger): Promise<RunningService> {
  const service = await launchService(running, logger);
  await service.opened;
  return service;
}
