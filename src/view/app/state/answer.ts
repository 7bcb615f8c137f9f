import { useCallback, useEffect, useState } from "preact/hooks";
import type { ErrorAnswer, Loading } from "../../api.js";
import { request } from "./request.js";

/** What a panel knows of its answer. */
export interface Answer<T> {
  /** The newest one, maybe of an older question while the next one is awaited. */
  readonly value: T | undefined;
  /** Whether one is awaited for longer than people notice. */
  readonly slow: boolean;
  readonly loading: Loading["loading"] | undefined;
  readonly error: ErrorAnswer["error"] | undefined;
  readonly away: boolean;
  /** Asks again. */
  readonly again: () => void;
}

/** Below this nobody wants to see that something is awaited. */
const NOTICED_MS = 300;
const LOADING_AGAIN_MS = 1000;
const AWAY_AGAIN_MS = 3000;

type State<T> = Omit<Answer<T>, "again">;
const NOTHING = { value: undefined, slow: false, loading: undefined, error: undefined, away: false };

/**
 * Asks a route, and again when the question or the version changes; repeats while files are read, the server is busy or away.
 *
 * @param path after `api/`; undefined asks nothing
 * @param version another one asks again
 */
export function useAnswer<T>(path: string | undefined, version: number | string = 0): Answer<T> {
  const [state, setState] = useState<State<T>>(NOTHING);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    if (path === undefined) {
      setState(NOTHING);
      return;
    }
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const slow = setTimeout(() => setState((before) => ({ ...before, slow: true })), NOTICED_MS);
    const change = (to: Partial<State<T>>) => {
      clearTimeout(slow);
      if (!stop.signal.aborted) setState((before) => ({ ...NOTHING, value: before.value, ...to }));
    };
    const ask = async () => {
      const reply = await request<T>(path, stop.signal);
      const repeat = (ms: number) => {
        timer = setTimeout(start, ms);
      };
      if (reply.state === "answered") return change({ value: reply.answer });
      if (reply.state === "loading") {
        change({ loading: reply.loading, slow: true });
        return repeat(LOADING_AGAIN_MS);
      }
      if (reply.state === "away") {
        change({ away: true });
        return repeat(AWAY_AGAIN_MS);
      }
      // Another request of this page has taken its place, and will answer.
      if (reply.error.code === "superseded") return repeat(NOTICED_MS);
      change({ error: reply.error });
      if (reply.again_ms !== undefined) repeat(reply.again_ms);
    };
    const start = () => {
      ask().catch(() => {
        // Aborted: the question has changed.
      });
    };
    start();
    return () => {
      stop.abort();
      clearTimeout(slow);
      clearTimeout(timer);
    };
  }, [path, version, asked]);
  return { ...state, again: useCallback(() => setAsked((before) => before + 1), []) };
}
