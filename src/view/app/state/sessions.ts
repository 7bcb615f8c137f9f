import { useCallback, useEffect, useState } from "preact/hooks";
import type { Filters, SessionLine, SessionPage } from "../../api.js";
import { type Answer, useAnswer } from "./answer.js";
import type { Live } from "./live.js";
import { filterQuery } from "./place.js";
import { request } from "./request.js";

export interface Sessions {
  /** Newest first: what came in live, the first page, then further ones. */
  readonly list: readonly SessionLine[];
  /** The newest sequence of the first page. */
  readonly asked_to: number;
  /** New ones that wait until the reader wants them. */
  readonly waiting: number;
  readonly total: number;
  readonly command: string;
  readonly sql_ms: number | undefined;
  readonly answer: Answer<SessionPage>;
  /** Whether there are older ones. */
  readonly more: boolean;
  loadMore(): void;
  takeNew(): void;
}

const PAGE = 200;

/**
 * The sessions that pass the filters, page by page. New ones are put at the top, unless the reader is somewhere else (`still`).
 *
 * @param version of the journal, when live rows cannot be judged here: then the first page is asked again
 */
export function useSessions(filters: Filters, live: Live, still: boolean): Sessions {
  const query = filterQuery(filters).toString();
  // Only the server knows whether a new row passes these.
  const judged = filters.until === undefined && filters.reason === undefined && filters.find === undefined;
  const version = judged || still ? 0 : (live.journal?.version ?? 0);
  const answer = useAnswer<SessionPage>(`sessions?${query}&limit=${PAGE}`, version);
  const [older, setOlder] = useState<readonly SessionPage[]>([]);
  const [taken, setTaken] = useState(0);
  const [asking, setAsking] = useState(false);
  const first = answer.value;
  useEffect(() => setOlder([]), [first]);
  const asked_to = first?.sessions[0]?.sequence ?? 0;
  const came = judged ? live.sessions.filter(({ sequence }) => sequence > asked_to) : [];
  useEffect(() => {
    if (!still) setTaken(came[0]?.sequence ?? 0);
  }, [still, came[0]?.sequence]);
  const shown = came.filter(({ sequence }) => sequence <= taken);
  const last = older.at(-1) ?? first;
  const before = last?.before ?? null;
  const loadMore = useCallback(() => {
    if (before === null || asking) return;
    setAsking(true);
    request<SessionPage>(`sessions?${query}&limit=${PAGE}&before=${before}`, new AbortController().signal)
      .then((reply) => {
        if (reply.state === "answered")
          setOlder((pages) => (last === (pages.at(-1) ?? first) ? [...pages, reply.answer] : pages));
      })
      .finally(() => setAsking(false));
  }, [before, asking, query, last, first]);
  return {
    list: [...shown, ...(first?.sessions ?? []), ...older.flatMap(({ sessions }) => sessions)],
    asked_to,
    waiting: came.length - shown.length,
    total: (first?.total ?? 0) + shown.length,
    command: first?.command ?? "",
    sql_ms: first?.asked.ms,
    answer,
    more: before !== null,
    loadMore,
    takeNew: () => setTaken(came[0]?.sequence ?? 0),
  };
}
