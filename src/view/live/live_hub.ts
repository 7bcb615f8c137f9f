import type { ServerResponse } from "node:http";
import type { JournalState, LiveEvents, SessionLine } from "../api.js";
import { Busy } from "../data/queue.js";
import type { ViewedJournal } from "../data/viewed_journal.js";
import type { ViewFilter } from "../filter.js";
import type { Viewer } from "../viewer.js";

/** Where new sessions come from when a service is followed. */
export interface LiveSource {
  /** Calls back with each session until the signal is aborted, and with what becomes of the service. Never rejects. */
  follow(
    on: {
      readonly session: (line: SessionLine) => void;
      readonly state: (state: "following" | "paused", message: string) => void;
    },
    signal: AbortSignal,
  ): Promise<void>;
}

export interface LiveHubOptions {
  readonly viewer: Pick<Viewer, "newSessions">;
  readonly journal: Pick<ViewedJournal, "onChange" | "state">;
  /** Undefined: new rows of the files are told. */
  readonly source: LiveSource | undefined;
  readonly now_ms: () => number;
}

/** Tells pages of new sessions as they come. */
export interface LiveHub {
  /** A place for one more; throws Busy when there are four. */
  open(filter: ViewFilter): { begin(response: ServerResponse): void };
  /** Tells all that something else has changed. */
  changed(): void;
  close(): void;
}

const STREAMS_MAX = 4;
/** Sessions of an event, and those that wait for a slow reader. */
const SESSIONS_MAX = 200;
const FLUSH_MS = 200;
/** A comment each, so that a connection that is gone is noticed. */
const HEARTBEAT_MS = 15_000;

export function createLiveHub({ viewer, journal, source, now_ms }: LiveHubOptions): LiveHub {
  const streams = new Set<Stream>();
  const closing = new AbortController();
  let state = stateOf("following", "");

  function stateOf(name: "following" | "paused", message: string): LiveEvents["state"] {
    return { state: name, message, at: new Date(now_ms()).toISOString() };
  }

  const end = journal.onChange((from_sequence) => {
    for (const stream of streams) {
      // A service tells its sessions itself, before they are read here.
      if (from_sequence === undefined || source !== undefined) stream.changed();
      else void stream.read(from_sequence);
    }
  });
  void source?.follow(
    {
      session: (line) => {
        for (const stream of streams) stream.add(line);
      },
      state: (name, message) => {
        state = stateOf(name, message);
        for (const stream of streams) stream.send("state", state);
      },
    },
    closing.signal,
  );

  return {
    open(filter) {
      if (streams.size >= STREAMS_MAX)
        throw new Busy("four pages follow live already: ask for new sessions now and then");
      const stream = createStream(
        filter,
        viewer,
        () => stateNow(journal),
        () => streams.delete(stream),
      );
      streams.add(stream);
      return {
        begin(response) {
          stream.begin(response);
          stream.send("state", state);
        },
      };
    },
    changed() {
      for (const stream of streams) stream.changed();
    },
    close() {
      closing.abort();
      end();
      for (const stream of streams) stream.end();
    },
  };
}

/** Undefined while the log is opened again. */
function stateNow(journal: Pick<ViewedJournal, "state">): JournalState | undefined {
  try {
    return journal.state();
  } catch {
    return undefined;
  }
}

interface Stream {
  begin(response: ServerResponse): void;
  send<Name extends keyof LiveEvents>(name: Name, data: LiveEvents[Name]): void;
  /** Of all new sessions; those that do not pass the filter are left out. */
  add(line: SessionLine): void;
  /** Reads the new sessions that pass the filter. */
  read(from_sequence: number): Promise<void>;
  changed(): void;
  end(): void;
}

function createStream(
  filter: ViewFilter,
  viewer: Pick<Viewer, "newSessions">,
  stateNow: () => JournalState | undefined,
  onEnd: () => void,
): Stream {
  const ended = new AbortController();
  let response: ServerResponse | undefined;
  let waiting: SessionLine[] = [];
  let left_out = 0;
  let timer: NodeJS.Timeout | undefined;
  let heartbeat: NodeJS.Timeout | undefined;
  const live_filter = { ...filter, since_ms: undefined, until_ms: undefined, reason: undefined, find: undefined };

  function send(name: keyof LiveEvents, data: object): void {
    response?.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** A reader that is slow gets fewer, and is told so. */
  function flush(): void {
    timer = undefined;
    if (response === undefined || response.writableNeedDrain) return;
    const journal = stateNow();
    if (waiting.length === 0 || journal === undefined) return;
    const sessions = waiting;
    waiting = [];
    send("sessions", { sessions, left_out, journal });
    left_out = 0;
  }

  function push(line: SessionLine): void {
    waiting.push(line);
    if (waiting.length > SESSIONS_MAX) {
      waiting.shift();
      left_out += 1;
    }
    timer ??= setTimeout(flush, FLUSH_MS);
  }

  function end(): void {
    ended.abort();
    clearTimeout(timer);
    clearInterval(heartbeat);
    response?.end();
    onEnd();
  }

  return {
    send,
    end,
    begin(opened) {
      response = opened;
      opened.on("close", end);
      opened.on("drain", flush);
      heartbeat = setInterval(() => {
        if (!opened.writableNeedDrain) opened.write(":\n\n");
      }, HEARTBEAT_MS);
    },
    add(line) {
      if (passes(live_filter, line)) push(line);
    },
    async read(from_sequence) {
      try {
        const found = await viewer.newSessions(live_filter, from_sequence, SESSIONS_MAX + 1, ended.signal);
        const newest = found.slice(0, SESSIONS_MAX).reverse();
        if (found.length > newest.length) left_out += 1;
        for (const line of newest) push(line);
      } catch {
        // Busy, or opened again: the page is told to ask again.
        this.changed();
      }
    },
    changed() {
      const journal = stateNow();
      if (journal !== undefined) send("journal", { journal });
    },
  };
}

/** Whether a session passes what can be judged of its line. */
export function passes({ names, alarm, pattern }: ViewFilter, line: SessionLine): boolean {
  const facets = ["kind", "model", "daemon", "provider", "verdict"] as const;
  if (!facets.every((name) => names[name].length === 0 || names[name].includes(line[name]))) return false;
  if (pattern !== undefined && !line.attempts.includes(pattern)) return false;
  if (alarm === undefined) return true;
  if (line.kind !== "fill" || line.verdict !== "accepted" || line.grounded === true) return false;
  return alarm === "any" || (alarm === "unchecked") === (line.grounded === null);
}
