import { createApiClient } from "@sessionlog/client/rpc/api_client";
import type { LiveSource } from "../../view/index.js";
import { sessionLineOf } from "../../view/live/session_line.js";
import type { CliContext } from "../context.js";
import { createRowPrinter } from "../output/session_line.js";

const RETRY_MS = 1_000;
/** Detects a service whose machine or network is gone. */
const KEEPALIVE = { "grpc.keepalive_time_ms": 60_000, "grpc.keepalive_timeout_ms": 20_000 };

/** New sessions of a service, by TailSessions; when it goes away, it is called again each second, and nothing is told twice. */
export function followService(address: string, { sleep }: Pick<CliContext, "sleep">): LiveSource {
  return {
    async follow(on, signal) {
      const client = createApiClient(address, { channel_options: KEEPALIVE });
      const printRow = createRowPrinter();
      let next: number | undefined;
      let paused = "";
      try {
        while (!signal.aborted) {
          const request = next === undefined ? { last: 0, follow: true } : { from_sequence: next, follow: true };
          const messages = client.tail(request, {
            signal,
            onBegin(first_sequence) {
              next ??= first_sequence;
              paused = "";
              on.state("following", "");
            },
          });
          let turn = await messages.next();
          for (; turn.done !== true; turn = await messages.next()) {
            const { sequence, record } = turn.value;
            next = sequence + 1;
            if (record !== undefined) on.session(sessionLineOf(printRow(record), sequence));
          }
          if (signal.aborted) return;
          const message = `${address}: ${turn.value?.message ?? "the service has ended the stream"}`;
          if (message !== paused) on.state("paused", message);
          paused = message;
          await sleep(RETRY_MS);
        }
      } catch (error) {
        on.state("paused", `${address}: ${error instanceof Error ? error.message : String(error)}`);
      } finally {
        client.close();
      }
    },
  };
}
