import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";

// The scripted model knows this dock. The rest makes a row of about 1 KB.
const body = JSON.stringify({ kind: "fill", prompt: `Fill 1 welder slot at Dock 3. ${"night shift ".repeat(45)}` });

/** Calls a daemon over connections that stay open. */
export function createCaller(address) {
  const agent = new Agent({ keepAlive: true });
  const url = `http://${address}/v1/iterate`;
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };

  /** @returns {Promise<number>} the milliseconds until the answer was there */
  async function post(trace_id = randomBytes(16).toString("hex")) {
    const began_ms = performance.now();
    const call = request(url, { method: "POST", agent, headers: { ...headers, "x-lakehouse-trace-id": trace_id } });
    call.end(body);
    const [response] = await once(call, "response");
    const answer = await text(response);
    if (response.statusCode !== 200) throw new Error(`${url} answers ${response.statusCode}: ${answer}`);
    return performance.now() - began_ms;
  }

  return {
    post,

    /** One call after the other. @returns {Promise<number[]>} the milliseconds of each */
    async window(duration_ms, calls_max) {
      const end_ms = performance.now() + duration_ms;
      const times = [];
      while (performance.now() < end_ms && times.length < calls_max) times.push(await post());
      return times;
    },

    /** So many calls, eight at a time. */
    async repeat(calls) {
      let left = calls;
      const one = async () => {
        while (left-- > 0) await post();
      };
      await Promise.all(Array.from({ length: 8 }, one));
    },

    close: () => agent.destroy(),
  };
}
