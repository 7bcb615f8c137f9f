import { useEffect, useRef, useState } from "preact/hooks";
import type { Json, SessionDetail } from "../../api.js";
import { useAnswer } from "../state/answer.js";
import { count } from "../text/format.js";
import { Copy } from "../ui/copy.js";
import { Pending } from "../ui/panel.js";
import { ScrollText } from "../ui/scroll.js";
import { jsonText } from "../ui/table.js";
import { Session } from "./session.js";

interface DetailProps {
  readonly id: string;
  /** Of the journal. */
  readonly version: number;
  readonly viewer: { readonly roster: string | null; readonly replay_runs: string | null } | undefined;
  /** Once it is there. */
  onShown(session: SessionDetail): void;
  onClose(): void;
}

/** The open session, at the right of the list; on a phone the whole screen. */
export function Detail({ id, version, viewer, onShown, onClose }: DetailProps) {
  const [found, setFound] = useState<{ readonly id: string; readonly version: number }>();
  // One that came in live may not have been read from the file yet: it is asked for again when there is more of it.
  const answer = useAnswer<SessionDetail>(
    `session?id=${encodeURIComponent(id)}`,
    found?.id === id ? found.version : version,
  );
  const box = useRef<HTMLElement>(null);
  const session = answer.value?.session_id.startsWith(id) ? answer.value : undefined;
  useEffect(() => {
    if (session === undefined) return;
    setFound({ id, version });
    onShown(session);
    box.current?.scrollTo({ top: 0 });
  }, [session]);
  const close = (
    <button type="button" class="ghost" onClick={onClose} aria-label="Close this session" title="Close (Esc)">
      ✕
    </button>
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable without a mouse
    <section class="detail" ref={box} aria-label={`Session ${id}`} tabIndex={0}>
      {session === undefined ? (
        <>
          <header>
            <h2 class="mono">{id}</h2>
            <span class="space" />
            {close}
          </header>
          <Pending answer={answer} />
        </>
      ) : (
        <Session
          session={session}
          roster_name={viewer?.roster ?? null}
          close={close}
          actions={<Actions session={session} />}
        >
          <Runs session={session} given={viewer?.replay_runs ?? null} />
          <Raw session={session} />
        </Session>
      )}
    </section>
  );
}

const rawPath = ({ session_id, sequence }: SessionDetail): string =>
  `api/raw?${new URLSearchParams({ id: session_id, sequence: String(sequence) })}`;

function Actions({ session }: { session: SessionDetail }) {
  const { session_id, command } = session;
  return (
    <>
      <Copy text={session_id}>copy</Copy>
      <Copy text={command} title={command}>
        as command
      </Copy>
      <a class="ghost" href={rawPath(session)} download={`${session_id.slice(0, 8)}.json`}>
        JSON ↓
      </a>
    </>
  );
}

function Runs({ session: { replay_runs }, given }: { session: SessionDetail; given: string | null }) {
  return (
    <>
      <h3>Replay runs</h3>
      {replay_runs === null ? (
        <p class="faint">
          {given === null ? (
            <>
              None joined. Start with <code>--replay-runs FILE</code> to see other models' tries at this session.
            </>
          ) : (
            "None."
          )}
        </p>
      ) : replay_runs.runs.length === 0 ? (
        <p class="faint">This session was not replayed.</p>
      ) : (
        <div class="runs">
          {replay_runs.runs.map((run, index) => (
            <Run key={index} run={run} />
          ))}
          {replay_runs.truncated && <p class="faint">There are more.</p>}
        </div>
      )}
    </>
  );
}

function Run({ run }: { run: Json }) {
  const members = run !== null && typeof run === "object" ? Object.entries(run) : [["run", run] as const];
  return (
    <dl class="run">
      {members.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{jsonText(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A longer row is for the download. */
const RAW_BYTES_MAX = 256 * 1024;

function Raw({ session }: { session: SessionDetail }) {
  const { raw, raw_bytes, also, sequence } = session;
  const [text, setText] = useState<string>();
  useEffect(() => setText(undefined), [sequence]);
  const read = async () => {
    if (raw !== null || text !== undefined) return;
    const response = await fetch(rawPath(session)).catch(() => undefined);
    setText(response?.ok ? await response.text() : "it could not be read");
  };
  return (
    <>
      <h3>Row</h3>
      {raw_bytes > RAW_BYTES_MAX ? (
        <p class="faint">{`${count(raw_bytes)} bytes: too long to be shown; use the download.`}</p>
      ) : (
        <details key={sequence} onToggle={read}>
          <summary>{`as it stands in the file${raw_bytes === 0 ? "" : `, ${count(raw_bytes)} bytes`}`}</summary>
          <ScrollText style="body">{raw ?? text ?? "reading…"}</ScrollText>
        </details>
      )}
      {also.length > 0 && <p class="faint">{`The same id is in row ${also.map(count).join(", ")}, too.`}</p>}
    </>
  );
}
