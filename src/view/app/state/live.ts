import { useEffect, useRef, useState } from "preact/hooks";
import type { Filters, JournalState, LiveEvents, SessionLine, SessionPage } from "../../api.js";
import { filterQuery } from "./place.js";
import { request } from "./request.js";

/** What came in since the page asked. */
export interface Live {
  /** Newest first; at most NEW_MAX. */
  readonly sessions: readonly SessionLine[];
  /** All that came, also those that are not kept. */
  readonly count: number;
  readonly state: "off" | "connecting" | "following" | "paused" | "away";
  /** When the state began. */
  readonly at: string;
  readonly message: string;
  readonly journal: JournalState | undefined;
}

const NEW_MAX = 1000;
const NONE: Live = {
  sessions: [],
  count: 0,
  state: "connecting",
  at: "",
  message: "",
  journal: undefined,
};
const AGAIN_MS = 3000;
/** Sessions of one answer when events cannot be had. */
const POLLED_MAX = 200;

/** Whether it is an accepted fill that its daemon stamped as not grounded. */
export const isPhantom = ({ kind, verdict, grounded }: SessionLine): boolean =>
  kind === "fill" && verdict === "accepted" && grounded === false;

/**
 * New sessions as they are stored.
 *
 * @param on whether to follow
 */
export function useLive(on: boolean, filters: Filters): Live {
  const [live, setLive] = useState(NONE);
  const newest = useRef(0);
  const query = filterQuery(filters).toString();
  useEffect(() => {
    if (!on) {
      setLive({ ...NONE, state: "off" });
      return;
    }
    const stop = new AbortController();
    newest.current = 0;
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    setLive(NONE);
    const connect = () => {
      source = new EventSource(`api/live?${query}`);
      listen(source, "state", ({ state, at, message }) => setLive((before) => ({ ...before, state, at, message })));
      listen(source, "journal", ({ journal }) => setLive((before) => ({ ...before, journal })));
      listen(source, "sessions", (event) => {
        newest.current = event.sessions.at(-1)?.sequence ?? newest.current;
        setLive((before) => withNew(before, event));
      });
      source.onerror = () => {
        source?.close();
        timer = setTimeout(connect, AGAIN_MS);
        poll().catch(() => {
          // The question has changed.
        });
      };
    };
    // Only some pages may follow at a time; another one asks now and then.
    const poll = async () => {
      const after = newest.current;
      const path = `sessions?${query}&limit=${after === 0 ? 1 : POLLED_MAX}${after === 0 ? "" : `&after=${after}`}`;
      const reply = await request<SessionPage>(path, stop.signal, undefined, "-live");
      if (reply.state !== "answered") {
        setLive((before) =>
          before.state === "away" ? before : { ...before, state: "away", at: new Date().toISOString() },
        );
        return;
      }
      const { sessions, journal } = reply.answer;
      const come = { sessions: after === 0 ? [] : sessions.toReversed(), left_out: 0, journal };
      setLive((before) => ({ ...withNew(before, come), state: "following" }));
      newest.current = Math.max(after, sessions[0]?.sequence ?? 0);
    };
    connect();
    return () => {
      stop.abort();
      source?.close();
      clearTimeout(timer);
    };
  }, [on, query]);
  return live;
}

function listen<Name extends keyof LiveEvents>(
  source: EventSource,
  name: Name,
  take: (data: LiveEvents[Name]) => void,
): void {
  source.addEventListener(name, (event: MessageEvent<string>) => {
    const data: LiveEvents[Name] = JSON.parse(event.data);
    take(data);
  });
}

function withNew(before: Live, { sessions, left_out, journal }: LiveEvents["sessions"]): Live {
  return {
    ...before,
    sessions: [...sessions.toReversed(), ...before.sessions].slice(0, NEW_MAX),
    count: before.count + sessions.length + left_out,
    journal,
  };
}
