import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Answer } from "../state/answer.js";
import { hrefOf } from "../state/place.js";
import { Copy } from "./copy.js";
import { ScrollText } from "./scroll.js";

interface PanelProps {
  readonly id: string;
  readonly title: string;
  /** The question that it answers. */
  readonly question: string;
  readonly sql?: string | undefined;
  /** Where its figures are as JSON. */
  readonly json?: string | undefined;
  readonly extra?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** A card with a heading, the question that it answers, and its SQL. */
export function Panel({ id, title, question, sql, json, extra, children }: PanelProps) {
  const [open, setOpen] = useState(false);
  return (
    <section class="panel" id={id} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {question !== "" && <p class="question">{question}</p>}
        <span class="space" />
        {extra}
        {sql !== undefined && (
          <button type="button" class="ghost live-only" aria-expanded={open} onClick={() => setOpen(!open)}>
            SQL
          </button>
        )}
      </header>
      {open && sql !== undefined && <Source sql={sql} json={json} />}
      {children}
    </section>
  );
}

function Source({ sql, json }: { sql: string; json: string | undefined }) {
  const place = { page: "sql", filters: {}, session: undefined, panel: undefined, sql } as const;
  return (
    <>
      <p class="actions">
        <Copy text={sql}>copy</Copy>
        <a class="ghost" href={hrefOf(place)}>
          edit
        </a>
        {json !== undefined && (
          <a class="ghost" href={json} target="_blank" rel="noreferrer">
            JSON ↗
          </a>
        )}
      </p>
      <ScrollText style="sql">{sql}</ScrollText>
    </>
  );
}

/** In place of figures: what is awaited, or why they are not there, and how to ask again. */
export function Pending({ answer }: { answer: Answer<unknown> }) {
  const { error, loading, slow, away, again } = answer;
  if (error !== undefined) {
    return (
      <p class="empty" role="alert">
        {error.code === "late" ? "This took too long and was stopped; the others stand. " : `${error.message} `}
        <button type="button" class="link" onClick={again}>
          try again
        </button>
        {error.details !== "" && <code>{error.details}</code>}
      </p>
    );
  }
  if (loading !== undefined) {
    return (
      <p class="empty" role="status">
        {`reading ${loading.files} files… ${Math.floor(loading.percent)} %`}
      </p>
    );
  }
  if (away) return <p class="empty">no answer from the viewer</p>;
  return <p class="empty">{slow ? "asking…" : " "}</p>;
}
