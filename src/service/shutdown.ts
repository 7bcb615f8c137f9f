import type pino from "pino";
import type { Journal } from "../journal/index.js";
import type { RpcServer } from "../rpc/server.js";

/** Stops a service. */
export interface Shutdown {
  /** It has been asked to stop, or has failed. */
  readonly begun: boolean;
  /** Resolves with the process's exit code. */
  readonly code: Promise<number>;
  /** The first time, drains; the second time, ends at once. */
  stop(): void;
  /** Ends the service because its journal failed. */
  fail(message: string): void;
}

interface ShutdownOptions {
  readonly rpc: Pick<RpcServer, "setServing" | "endStreams" | "close" | "kill">;
  readonly journal: Pick<Journal, "drain" | "queued">;
  readonly logger: Pick<pino.Logger, "info" | "warn" | "error" | "fatal">;
  /** Asked for when it begins. */
  readonly drain_timeout_ms: () => number;
}

/** Time for answers to reach their clients after the journal has failed. */
const FAILURE_FLUSH_MS = 1_000;

/**
 * Stops a service in order: health first, so that no new work is sent; then the journal, so that every accepted row is
 * stored and answered while new ones are refused; then the connections.
 */
export function createShutdown({ rpc, journal, logger, drain_timeout_ms }: ShutdownOptions): Shutdown {
  let stage: "serving" | "storing" | "closing" | "failed" | "ended" = "serving";
  let timer: NodeJS.Timeout | undefined;
  let resolveCode: (code: number) => void = () => {};
  const code = new Promise<number>((resolve) => {
    resolveCode = resolve;
  });

  function end(exit_code: number): void {
    if (stage === "ended") return;
    stage = "ended";
    clearTimeout(timer);
    rpc.kill();
    resolveCode(exit_code);
  }

  async function drain(): Promise<void> {
    stage = "storing";
    logger.info({ queued_rows: journal.queued.rows }, "stopping: storing what is queued");
    timer = setTimeout(() => abandon("drain_timeout is over"), drain_timeout_ms());
    rpc.setServing(false);
    rpc.endStreams();
    await journal.drain();
    if (stage !== "storing") return;
    stage = "closing";
    await rpc.close();
    if (stage !== "closing") return;
    logger.info({}, "stopped");
    end(0);
  }

  /** Ends at once. What is dropped was never acknowledged. */
  function abandon(reason: string): void {
    if (stage === "closing") {
      // Every row is stored and every complete request answered; what is left are clients that neither finish their
      // request nor read their answer.
      logger.warn({ reason }, "stopped: connections were cut, no row was dropped");
      end(0);
      return;
    }
    const dropped_rows = journal.queued.rows;
    logger.error({ reason, dropped_rows }, "stopped at once: rows were dropped that had not been acknowledged");
    end(1);
  }

  function unexpected(error: unknown): void {
    logger.fatal({ err: error }, "stopping failed");
    end(1);
  }

  return {
    get begun() {
      return stage !== "serving";
    },
    code,
    stop() {
      if (stage === "serving") drain().catch(unexpected);
      else if (stage !== "ended" && stage !== "failed") abandon("a second signal");
    },
    fail(message) {
      if (stage === "failed" || stage === "ended") return;
      stage = "failed";
      clearTimeout(timer);
      logger.fatal({ unacknowledged_rows: journal.queued.rows }, message);
      rpc.setServing(false);
      rpc.endStreams();
      timer = setTimeout(() => end(1), FAILURE_FLUSH_MS);
      rpc.close().then(() => end(1), unexpected);
    },
  };
}
