import { request } from "node:http";
import { resolve } from "node:path";
import { onTestFinished } from "vitest";
import { type StartOptions, startViewer } from "../../src/view/index.js";

export const ROSTER = {
  shown: "examples/roster.csv",
  table: { name: "roster", column: "worker_id", file_column: "worker_id", path: resolve("examples/roster.csv") },
  ids: { ids_path: '$."fills"[*]."candidate_id"', entries_path: '$."fills"[*]' },
};

/** Long after the examples. */
export const NOW_MS = Date.UTC(2027, 0, 1);

/** Starts a viewer that is gone after the test. */
export async function view(path: string, options: Partial<StartOptions> = {}) {
  const viewer = await start(path, options);
  onTestFinished(() => viewer.close());
  return viewer;
}

/** Starts a viewer. `warnings` are its lines for the operator. */
export async function start(path: string, options: Partial<StartOptions> = {}) {
  const warnings: string[] = [];
  const viewer = await startViewer({
    path: resolve(path),
    shown_path: path,
    path_flags: ["--path", path],
    host: "127.0.0.1",
    port: 0,
    version: "0.1.0",
    memory_bytes: 256 * 1024 ** 2,
    roster: undefined,
    replay_runs: undefined,
    linkTo: (id) => `https://langfuse.example/trace/${id}`,
    live: undefined,
    sql: { program: [process.execPath, resolve("dist/main.js")], cwd: process.cwd() },
    assets: new URL("nowhere/", import.meta.url),
    now_ms: () => NOW_MS,
    monotonic_ms: () => performance.now(),
    warn: (message) => warnings.push(message),
    onTemporary() {},
    ...options,
  });
  return { ...viewer, warnings, get: (route: string) => getJson(viewer.url + route) };
}

/** An answer's JSON; asks again while the log is being read. */
export async function getJson(url: string): Promise<Record<string, unknown>> {
  for (;;) {
    const { status, body } = await ask(url);
    if (status !== 202) return JSON.parse(body);
  }
}

export interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Sends a request with exactly these headers; fetch would not send some of them. */
export function ask(
  url: string,
  { method = "GET", headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Asked> {
  const { hostname, port } = new URL(url);
  return new Promise((done, reject) => {
    const sent = request(
      { host: hostname, port, path: url.replace(/^http:\/\/[^/]+/, ""), method, headers },
      (answer) => {
        const blocks: Buffer[] = [];
        answer
          .on("data", (block) => blocks.push(block))
          .on("error", reject)
          .on("end", () =>
            done({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(blocks).toString() }),
          );
      },
    );
    sent.on("error", reject).end(body);
  });
}
