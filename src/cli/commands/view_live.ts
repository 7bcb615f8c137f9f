import type { LiveSource } from "../../view/index.js";
import { sessionLineOf } from "../../view/live/session_line.js";
import type { CliContext } from "../context.js";
import type { Service } from "../options/service_client.js";
import { createRowPrinter } from "../output/session_line.js";

const RETRY_MS = 1_000;

/** New sessions of a service, by TailSessions; when it goes away, it is called again each second, and nothing is told twice. */
export function followService({ address, client }: Service, { sleep }: Pick<CliContext, "sleep">): LiveSource {
  return {
    async follow(on, signal) {
      const printRow = createRowPrinter();
      let next: number | undefined;
      let paused: string | undefined;
      const onBegin = (first_sequence: number) => {
        next ??= first_sequence;
        paused = undefined;
        on.state("following", "");
      };
      const tell = (sequence: number, record: Uint8Array) => {
        try {
          on.session(sessionLineOf(printRow(record), sequence));
        } catch {
          // A service of another version may send what cannot be printed: the rows after it can.
        }
      };
      while (!signal.aborted) {
        const from = next === undefined ? { last: 0 } : { from_sequence: next };
        const messages = client.tail({ ...from, follow: true }, { signal, onBegin });
        let turn = await messages.next();
        for (; turn.done !== true; turn = await messages.next()) {
          const { sequence, record } = turn.value;
          next = sequence + 1;
          if (record !== undefined) tell(sequence, record);
        }
        if (signal.aborted) break;
        const failure = turn.value?.message ?? "the service has ended the stream";
        const why = /ECONNREFUSED|ENOENT/.test(failure) ? "no service there" : failure;
        if (why !== paused) on.state("paused", `${address}: ${why}`);
        paused = why;
        await sleep(RETRY_MS);
      }
      client.close();
    },
  };
}
