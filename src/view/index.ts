/** The viewer: a page over a session log, on a loopback address. `startViewer` puts its parts together. */
import { randomBytes } from "node:crypto";
import type { Literal, TableFile } from "../query/index.js";
import type { Viewer as ViewerState } from "./api.js";
import { createAudit } from "./data/audit.js";
import { openViewedJournal } from "./data/viewed_journal.js";
import { readAssets } from "./http/assets.js";
import { createRoutes, ENDLESS } from "./http/routes.js";
import { createViewServer } from "./http/server.js";
import { createLiveHub, type LiveSource } from "./live/live_hub.js";
import { createSqlRunner, type SqlProcessOptions } from "./sql_process.js";
import { createViewer } from "./viewer.js";

export type { SessionLine } from "./api.js";
export type { LiveSource } from "./live/live_hub.js";
export { sessionLineOf } from "./live/session_line.js";

export interface StartOptions {
  /** A session log's directory or its active file: absolute, and as the command line names it. */
  readonly path: string;
  readonly shown_path: string;
  /** What the command line adds to read the same log. */
  readonly path_flags: readonly string[];
  /** Loopback. The port may be 0. */
  readonly host: string;
  readonly port: number;
  readonly version: string;
  readonly memory_bytes: number;
  /** The roster, with the variables of the query audit; and replay runs. */
  readonly roster:
    | { readonly shown: string; readonly table: TableFile; readonly ids: Readonly<Record<string, Literal>> }
    | undefined;
  readonly replay_runs: { readonly shown: string; readonly table: TableFile } | undefined;
  readonly linkTo: (session_id: string) => string | undefined;
  /** Undefined: the active file is followed. */
  readonly live: LiveSource | undefined;
  readonly sql: Pick<SqlProcessOptions, "program" | "cwd">;
  /** Where the page was built. */
  readonly assets: URL;
  readonly now_ms: () => number;
  readonly monotonic_ms: () => number;
  readonly warn: (message: string) => void;
  readonly onTemporary: (path: string) => void;
}

export interface StartedViewer {
  /** With its token: whoever knows it can read the log. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const TOKEN_BYTES = 32;

/** Starts the viewer. Rejects with the system's error when it cannot listen. */
export async function startViewer(options: StartOptions): Promise<StartedViewer> {
  const { roster, replay_runs, now_ms, monotonic_ms } = options;
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const journal = openViewedJournal({
    ...options,
    tables: [
      ...(roster === undefined ? [] : [roster.table]),
      ...(replay_runs === undefined ? [] : [replay_runs.table]),
    ],
  });
  const audit = createAudit(journal, roster?.ids, () => live.changed());
  const state: ViewerState = {
    version: options.version,
    roster: roster?.shown ?? null,
    replay_runs: replay_runs?.shown ?? null,
    live: options.live === undefined ? "file" : "service",
  };
  const viewer = createViewer({ ...options, journal, state, ids: roster?.ids, audit: audit.state });
  const live = createLiveHub({ viewer, journal, source: options.live, now_ms });
  const runSql = createSqlRunner({ ...options.sql, path_flags: options.path_flags, monotonic_ms });
  const server = createViewServer({
    token,
    assets: readAssets(options.assets),
    routes: createRoutes({ viewer, journal, live, runSql, now_ms }),
    endless: ENDLESS,
    warn: options.warn,
  });
  const close = async () => {
    live.close();
    audit.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await journal.close();
  };
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(options.port, options.host, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    await journal.close();
    throw error;
  }
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  const host = options.host === "::1" ? "[::1]" : options.host;
  return { url: `http://${host}:${port}/${token}/`, port, close };
}
