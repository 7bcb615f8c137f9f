import { listQueries, withVariables } from "../query/catalog.js";
import type { Literal } from "../query/index.js";
import { commandLine, filterFlags } from "./answers/command.js";
import { type Cell, countsOf, facetsOf, selectCells } from "./answers/cube.js";
import { FIGURES_SQL, type Figures, readFigures } from "./answers/overview.js";
import { parseParameters, readTable } from "./answers/panel.js";
import { readRefusals } from "./answers/refusals.js";
import { readSessionLines } from "./answers/session_lines.js";
import type * as Api from "./api.js";
import { createFoundTables } from "./data/found_tables.js";
import { type Asker, NotFound, readSession } from "./data/session.js";
import { readSlice, removedByNames } from "./data/slices.js";
import type { ViewedJournal } from "./data/viewed_journal.js";
import { parseFilter, parseWhole, type ViewFilter, viewCondition } from "./filter.js";

export interface ViewerOptions {
  readonly journal: ViewedJournal;
  readonly state: Api.Viewer;
  /** Variables of the query audit; undefined without a roster. */
  readonly ids: Readonly<Record<string, Literal>> | undefined;
  /** What is known of all accepted fills. */
  readonly audit: () => Api.Audit;
  /** What the command line adds to read this log: `--path`, `examples`. */
  readonly path_flags: readonly string[];
  /** Where Langfuse shows a session; undefined without its address. */
  readonly linkTo: (session_id: string) => string | undefined;
  readonly now_ms: () => number;
  readonly monotonic_ms: () => number;
}

/** The answers, from the parameters of a request. All reject with BadRequest, and as `ViewedJournal.ask`. */
export interface Viewer {
  overview(query: URLSearchParams, signal: AbortSignal): Promise<Api.Overview>;
  refusals(query: URLSearchParams, signal: AbortSignal): Promise<Api.Refusals>;
  panel(name: string, query: URLSearchParams, signal: AbortSignal): Promise<Api.Panel>;
  sessions(query: URLSearchParams, signal: AbortSignal): Promise<Api.SessionPage>;
  session(id: string, signal: AbortSignal): Promise<Api.SessionDetail>;
  facets(query: URLSearchParams, signal: AbortSignal): Promise<Api.Facets>;
  /** Sessions from a sequence on, newest first. */
  newSessions(
    filter: ViewFilter,
    from_sequence: number,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly Api.SessionLine[]>;
}

const PANEL_ROWS_MAX = 1_000;
const PAGE_ROWS_MAX = 200;

export function createViewer(options: ViewerOptions): Viewer {
  const { journal, ids, path_flags, now_ms } = options;
  const found_tables = createFoundTables(journal);
  /** For several pages, or one that is loaded again. */
  const latest = new Map<string, Figures>();
  const queries = new Map(listQueries().map((query) => [query.name, query]));
  const tables = [
    ...(options.state.roster === null ? [] : ["roster"]),
    ...(options.state.replay_runs === null ? [] : ["replay_runs"]),
  ];

  /** Runs `work` and says what it took. */
  async function measured<T>(signal: AbortSignal, work: (asker: Asker) => Promise<T>): Promise<T & Asked> {
    const begun_ms = options.monotonic_ms();
    let queries = 0;
    const asker: Asker = (condition, work) =>
      journal.ask({ condition, signal }, (ask, select) =>
        work(
          (sql) => {
            queries += 1;
            return ask(sql);
          },
          (sql) => {
            queries += 1;
            return select(sql);
          },
        ),
      );
    const answer = await work(asker);
    return { ...answer, asked: { queries, ms: Math.round(options.monotonic_ms() - begun_ms) } };
  }

  /** Runs `work` with the filter of a request, and the table of what it has to find. */
  const filtered = <T>(
    query: URLSearchParams,
    own: readonly string[],
    signal: AbortSignal,
    work: (asker: Asker, filter: ViewFilter, found: string | undefined) => Promise<T>,
  ): Promise<T & Asked> =>
    measured(signal, (asker) => {
      const filter = parseFilter(query, own, now_ms());
      return found_tables.use(filter, signal, (found) => work(asker, filter, found));
    });
  const slice = (filter: ViewFilter, found: string | undefined, asker: Asker): Promise<readonly Cell[]> =>
    readSlice(journal.cube(), filter, found, asker);

  return {
    overview: (query, signal) =>
      filtered(query, [], signal, async (asker, filter, found) => {
        const cells = await slice(filter, found, asker);
        const key = JSON.stringify([journal.state().version, filter]);
        const figures =
          latest.get(key) ??
          (await asker(viewCondition(filter, found), (ask) =>
            readFigures({ ask, cells, names: filter.names, from: "sessions", ids, now_ms: now_ms() }),
          ));
        remember(latest, key, figures);
        const { entries, ...rest } = figures;
        const { accepted_fills, ungrounded, unchecked } = rest.total;
        return {
          journal: journal.state(),
          viewer: options.state,
          since: timeText(filter.since_ms),
          until: timeText(filter.until_ms),
          ...rest,
          alarm: { accepted_fills, ungrounded, unchecked, newest: entries, audit: options.audit() },
          removed_by: rest.total.sessions > 0 ? [] : await removedBy(filter, cells, query, asker),
          sql: FIGURES_SQL,
        };
      }),
    refusals: (query, signal) =>
      filtered(query, [], signal, async (asker, filter, found) => {
        const refusals = await asker(viewCondition(filter, found), (ask) => readRefusals(ask, now_ms()));
        const command = commandOf(["query", "refusal-reasons"], filter, query);
        return { journal: journal.state(), ...refusals, command };
      }),
    async panel(name, query, signal) {
      const named = queries.get(name);
      if (named === undefined) throw new NotFound(`there is no query ${name}`);
      const own = named.parameters.map((parameter) => parameter.name);
      return filtered(query, own, signal, async (asker, filter, found) => {
        const values = parseParameters(named, query, tables);
        const sql = withVariables(named.sql, name === "audit" ? { ...ids, ...values } : values);
        const table = await asker(viewCondition(filter, found), (_, select) => readTable(select, sql, PANEL_ROWS_MAX));
        const flags = Object.entries(values).flatMap(([key, value]) => [
          `--${key.replaceAll("_", "-")}`,
          String(value),
        ]);
        const { title, description } = named;
        const command = commandOf(["query", name, ...flags], filter, query);
        return { journal: journal.state(), name, title, description, ...table, sql, command };
      });
    },
    sessions: (query, signal) =>
      filtered(query, PAGE_PARAMETERS, signal, async (asker, filter, found) => {
        const { before, after, limit } = readPage(query);
        const condition = viewCondition(filter, found);
        const total = countsOf(selectCells(await slice(filter, found, asker), filter.names)).sessions;
        const range = [
          ...(before === undefined ? [] : [`sequence < ${before}`]),
          ...(after === undefined ? [] : [`sequence > ${after}`]),
        ];
        const sessions = await asker(condition, (ask) =>
          readSessionLines(
            ask,
            "sessions",
            range.join(" AND ") || "true",
            limit,
            before === undefined ? journal.state().last_sequence : before - 1,
          ),
        );
        const last = sessions.length === limit ? (sessions.at(-1)?.sequence ?? null) : null;
        const command = commandOf(["query", "--sql", FIGURES_SQL.sessions], filter, query);
        return { journal: journal.state(), sessions, before: last, total, command };
      }),
    session: (id, signal) =>
      measured(signal, async (asker) => {
        const { session_id, ...session } = await readSession(id, asker, {
          journal,
          ids,
          replay: tables.includes("replay_runs"),
        });
        const command = commandLine(["show", session_id, ...path_flags]);
        return { session_id, ...session, langfuse_url: options.linkTo(session_id) ?? null, command };
      }),
    facets: (query, signal) =>
      filtered(query, [], signal, async (asker, filter, found) => {
        const cells = await slice(filter, found, asker);
        return { journal: journal.state(), facets: facetsOf(cells, filter.names) };
      }),
    newSessions: (filter, from_sequence, limit, signal) =>
      journal.ask({ condition: viewCondition(filter, undefined), signal }, (ask) =>
        readSessionLines(ask, "sessions", `sequence >= ${from_sequence}`, limit),
      ),
  };

  function commandOf(words: readonly string[], filter: ViewFilter, query: URLSearchParams): string {
    const flags = filterFlags(filter, query);
    return flags === undefined ? "" : commandLine([...words, ...flags, ...path_flags]);
  }

  /** For an overview without sessions. */
  async function removedBy(
    filter: ViewFilter,
    cells: readonly Cell[],
    query: URLSearchParams,
    asker: Asker,
  ): Promise<Api.Overview["removed_by"]> {
    const without = async (name: "since" | "until" | "alarm" | "pattern" | "reason" | "find", less: ViewFilter) => {
      const value = query.get(name) ?? "";
      if (value === "") return [];
      const left = selectCells(await slice(less, undefined, asker), filter.names);
      const { sessions } = countsOf(left);
      return sessions === 0 ? [] : [{ filter: name, value, sessions }];
    };
    // With two of them, what is left would have to be looked for again.
    const is_found = filter.reason !== undefined || filter.find !== undefined;
    const both = filter.reason !== undefined && filter.find !== undefined;
    return [
      ...removedByNames(cells, filter.names),
      ...(is_found ? [] : await without("since", { ...filter, since_ms: undefined })),
      ...(is_found ? [] : await without("until", { ...filter, until_ms: undefined })),
      ...(is_found ? [] : await without("alarm", { ...filter, alarm: undefined })),
      ...(is_found ? [] : await without("pattern", { ...filter, pattern: undefined })),
      ...(both ? [] : await without("reason", { ...filter, reason: undefined })),
      ...(both ? [] : await without("find", { ...filter, find: undefined })),
    ];
  }
}

type Asked = { readonly asked: Api.Asked };

const PAGE_PARAMETERS = ["before", "after", "limit"];

/** What a page of sessions asks for. Throws BadRequest. */
function readPage(query: URLSearchParams) {
  const before = parseWhole(query, "before", 1, Number.MAX_SAFE_INTEGER);
  const after = parseWhole(query, "after", 0, Number.MAX_SAFE_INTEGER);
  const limit = parseWhole(query, "limit", 1, PAGE_ROWS_MAX) ?? PAGE_ROWS_MAX;
  return { before, after, limit };
}

const FIGURES_MAX = 8;

/** Keeps what was used last. */
function remember(latest: Map<string, Figures>, key: string, figures: Figures): void {
  latest.delete(key);
  latest.set(key, figures);
  const [oldest] = latest.keys();
  if (latest.size > FIGURES_MAX && oldest !== undefined) latest.delete(oldest);
}

const timeText = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());
