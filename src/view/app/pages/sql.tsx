import { useRef, useState } from "preact/hooks";
import type { SqlAnswer, SqlRequest } from "../../api.js";
import type { Navigation } from "../state/navigation.js";
import { filterQuery } from "../state/place.js";
import { type Reply, request } from "../state/request.js";
import { csvOf } from "../text/csv.js";
import { count } from "../text/format.js";
import { Copy } from "../ui/copy.js";
import { Panel } from "../ui/panel.js";
import { AnswerTable } from "../ui/table.js";

/** The views' columns, to be put into the text by a click. */
const VIEWS = {
  sessions: [
    "session_id",
    "timestamp",
    "daemon",
    "kind",
    "model",
    "provider",
    "prompt",
    "iterations",
    "max_iterations",
    "final_verdict",
    "attempts",
    "artifact",
    "grounded_in_roster",
    "duration_ms",
  ],
  attempts: ["session_id", "position", "iteration", "verdict_kind", "error", "span_id"],
};
const EXAMPLE = "SELECT kind, final_verdict, count(*) AS sessions\nFROM sessions\nGROUP BY ALL\nORDER BY ALL";
const DRAWN_MAX = 1000;

/** One SELECT over the sessions that pass the filters. */
export function SqlPage({ navigation: { place, go } }: { navigation: Navigation }) {
  const [text, setText] = useState(place.sql ?? EXAMPLE);
  const [reply, setReply] = useState<Reply<SqlAnswer>>();
  const [asking, setAsking] = useState<AbortController>();
  const field = useRef<HTMLTextAreaElement>(null);
  const run = async () => {
    asking?.abort();
    const stop = new AbortController();
    setAsking(stop);
    go({ sql: text }, "replace");
    const body: SqlRequest = { sql: text };
    try {
      setReply(await request<SqlAnswer>(`sql?${filterQuery(place.filters)}`, stop.signal, body));
      setAsking(undefined);
    } catch {
      // Stopped by the reader.
    }
  };
  const insert = (name: string) => {
    const area = field.current;
    if (area === null) return;
    area.setRangeText(name, area.selectionStart, area.selectionEnd, "end");
    setText(area.value);
    area.focus();
  };
  const stop = () => {
    asking?.abort();
    setAsking(undefined);
  };
  return (
    <Panel id="sql" title="SQL" question="one SELECT; it reads this session log and nothing else">
      <div class="editor">
        <div>
          <label class="hidden" for="sql-text">
            SQL
          </label>
          <textarea
            id="sql-text"
            ref={field}
            class="mono"
            rows={10}
            spellcheck={false}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
            }}
          />
          <p class="actions">
            <button type="button" class="run" onClick={run}>
              Run <kbd>Ctrl ↵</kbd>
            </button>
            {asking !== undefined && (
              <button type="button" class="ghost" onClick={stop}>
                stop
              </button>
            )}
            <span class="faint">at most 10 s and 10,000 rows; the filters above hold</span>
          </p>
        </div>
        <div class="columns">
          {Object.entries(VIEWS).map(([view, columns]) => (
            <div key={view}>
              <h3>{view}</h3>
              <p>
                {columns.map((name) => (
                  <button type="button" key={name} class="ghost mono" onClick={() => insert(name)}>
                    {name}
                  </button>
                ))}
              </p>
            </div>
          ))}
        </div>
      </div>
      <div aria-live="polite">{asking === undefined ? <Result reply={reply} /> : <p class="empty">asking…</p>}</div>
    </Panel>
  );
}

function Result({ reply }: { reply: Reply<SqlAnswer> | undefined }) {
  if (reply === undefined) return null;
  if (reply.state === "away") return <p class="empty">no answer from the viewer</p>;
  if (reply.state === "loading") return <p class="empty">files are still being read: run it again in a moment</p>;
  if (reply.state === "failed") {
    const { message, details } = reply.error;
    return (
      <div class="banner bad" role="alert">
        {message}
        {details !== "" && <pre>{details}</pre>}
      </div>
    );
  }
  const { columns, rows, truncated, warnings, command, ms } = reply.answer;
  const cut = rows.length > DRAWN_MAX ? `; the first ${count(DRAWN_MAX)} are shown` : "";
  const download = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csvOf(columns, rows)], { type: "text/csv" }));
    link.download = "sessionlog.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <>
      {warnings.map((line) => (
        <p key={line} class="banner">
          {line}
        </p>
      ))}
      <p class="actions">
        <span class="dim">{`${truncated ? "the first " : ""}${count(rows.length)} rows in ${count(ms)} ms${cut}`}</span>
        <button type="button" class="ghost" onClick={download}>
          CSV ↓
        </button>
        <Copy text={command} title={command}>
          as command
        </Copy>
      </p>
      {rows.length > 0 && <AnswerTable columns={columns} rows={rows.slice(0, DRAWN_MAX)} label="Answer" />}
    </>
  );
}
