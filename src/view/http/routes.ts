import { listQueries } from "../../query/catalog.js";
import type { SqlAnswer } from "../api.js";
import { findSession, NotFound } from "../data/session.js";
import type { ViewedJournal } from "../data/viewed_journal.js";
import { BadRequest, one, parseFilter, parseWhole, type ViewFilter } from "../filter.js";
import type { LiveHub } from "../live/live_hub.js";
import type { Viewer } from "../viewer.js";
import { send } from "./answers.js";
import { SQL_PATH } from "./guard.js";
import { HEADERS } from "./headers.js";
import type { Request, Route } from "./server.js";

export interface RouteParts {
  readonly viewer: Viewer;
  readonly journal: ViewedJournal;
  readonly live: LiveHub;
  /** Runs SQL of others in a process of its own. Rejects with SqlError, Busy and BadRequest. */
  readonly runSql: (sql: string, filter: ViewFilter, query: URLSearchParams, signal: AbortSignal) => Promise<SqlAnswer>;
  readonly now_ms: () => number;
}

/** Those that end with their caller only. */
export const ENDLESS: ReadonlySet<string> = new Set(["/api/live", SQL_PATH]);

/** Every route by its path. */
export function createRoutes({ viewer, journal, live, runSql, now_ms }: RouteParts): ReadonlyMap<string, Route> {
  const panels = listQueries().map(({ name }): readonly [string, Route] => [
    `/api/panel/${name}`,
    ({ query, signal }) => viewer.panel(name, query, signal),
  ]);
  return new Map<string, Route>([
    ...panels,
    ["/api/overview", ({ query, signal }) => viewer.overview(query, signal)],
    ["/api/refusals", ({ query, signal }) => viewer.refusals(query, signal)],
    ["/api/sessions", ({ query, signal }) => viewer.sessions(query, signal)],
    ["/api/facets", ({ query, signal }) => viewer.facets(query, signal)],
    ["/api/session", ({ query, signal }) => viewer.session(idOf(query), signal)],
    ["/api/raw", (request) => sendRaw(request, journal)],
    [
      "/api/live",
      async ({ query, response }) => {
        const filter = parseFilter(query, [], now_ms());
        const stream = live.open(filter);
        response.writeHead(200, { ...HEADERS, "content-type": "text/event-stream; charset=utf-8" });
        stream.begin(response);
        return undefined;
      },
    ],
    [
      SQL_PATH,
      async ({ query, signal, body }) => {
        const filter = parseFilter(query, [], now_ms());
        return runSql(parseSql(await body()), filter, query, signal);
      },
    ],
  ]);
}

/** Throws BadRequest. */
function idOf(query: URLSearchParams): string {
  const id = one(query, "id");
  if (id === undefined) throw new BadRequest("id: expected a session's id, or its beginning");
  if (id.length > 128) throw new BadRequest("id: has more than 128 characters");
  return id;
}

/** A row's own bytes, as a download. */
async function sendRaw({ query, signal, response }: Request, journal: ViewedJournal): Promise<undefined> {
  const sequence =
    parseWhole(query, "sequence", 1, Number.MAX_SAFE_INTEGER) ??
    (
      await findSession(idOf(query), (condition, work) =>
        journal.ask({ condition, signal }, (ask, select) => work(ask, select)),
      )
    ).sequence;
  const bytes = await journal.row(sequence);
  if (bytes === undefined) throw new NotFound(`there is no row ${sequence}`);
  const line = Buffer.concat([bytes, Buffer.from("\n")]);
  send(
    response,
    200,
    { type: "application/json; charset=utf-8", bytes: line },
    { "content-disposition": `attachment; filename="session-${sequence}.json"` },
  );
  return undefined;
}

function parseSql(body: string): string {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new BadRequest('expected JSON such as {"sql":"SELECT 1"}');
  }
  const { sql } = Object(value);
  if (typeof sql !== "string") throw new BadRequest('sql: expected a text, such as {"sql":"SELECT 1"}');
  return sql;
}
