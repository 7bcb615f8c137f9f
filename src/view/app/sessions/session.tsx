import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { SessionDetail } from "../../api.js";
import { count, duration, fullTime } from "../text/format.js";
import { letterOf, Pips, verdictText } from "../ui/pips.js";
import { ScrollText } from "../ui/scroll.js";
import { AttemptChain } from "./attempts.js";
import { StampBox } from "./stamp_box.js";
import { ArtifactTree } from "./tree.js";

interface SessionProps {
  readonly session: SessionDetail;
  readonly roster_name: string | null;
  /** Buttons at the end of its title. */
  readonly close?: ComponentChildren;
  /** Beside its id. */
  readonly actions?: ComponentChildren;
  /** What a report left out, in words. */
  readonly note?: string | undefined;
  /** Whether prompt and artifact are shown. */
  readonly bodies?: boolean;
  /** Whether also what is closed is drawn. */
  readonly whole?: boolean;
  readonly children?: ComponentChildren;
}

/** One session: verdict, facts, stamp, prompt, attempts, artifact. */
export function Session({
  session,
  roster_name,
  close,
  actions,
  note,
  bodies = true,
  whole = false,
  children,
}: SessionProps) {
  const { session_id, kind, verdict, attempts, prompt, artifact, artifact_bytes, langfuse_url } = session;
  const title = useId();
  return (
    <article class="session" aria-labelledby={title}>
      <header>
        <Pips letters={attempts.map(({ verdict_kind }) => letterOf(verdict_kind)).join("")} />
        <h2 id={title}>
          {kind}, <span class={`v-${verdict}`}>{verdictText(verdict)}</span>
        </h2>
        <span class="space" />
        {close}
      </header>
      <p class="actions">
        <code>{session_id}</code>
        {actions}
        {langfuse_url !== null && (
          <a class="ghost" href={langfuse_url} target="_blank" rel="noreferrer">
            Langfuse ↗
          </a>
        )}
      </p>
      <Facts session={session} />
      <StampBox session={session} roster_name={roster_name} />
      {note !== undefined && <p class="faint">{note}</p>}
      {bodies && (
        <>
          <h3>Prompt</h3>
          {prompt === "" ? <p class="faint">none</p> : <ScrollText style="body">{prompt}</ScrollText>}
        </>
      )}
      <h3>Attempts</h3>
      <AttemptChain attempts={attempts} />
      {bodies && artifact !== null && (
        <>
          <h3>Artifact</h3>
          <ArtifactTree value={artifact} bytes={artifact_bytes} roster={session.roster} whole={whole} />
        </>
      )}
      {bodies && artifact === null && artifact_bytes > 0 && (
        <>
          <h3>Artifact</h3>
          <p class="faint">{`${count(artifact_bytes)} bytes: too long to be shown here; it is in the row`}</p>
        </>
      )}
      {children}
    </article>
  );
}

function Facts({ session }: { session: SessionDetail }) {
  const { model, provider, daemon, timestamp, duration_ms, iterations, max_iterations, sequence } = session;
  return (
    <dl class="facts">
      <Fact name="model">
        {model === "" ? <span class="faint">(none)</span> : model}
        {provider !== "" && <small> {provider}</small>}
      </Fact>
      <Fact name="daemon">{daemon}</Fact>
      <Fact name="ended">{timestamp === null ? "no usable time" : fullTime(timestamp)}</Fact>
      <Fact name="took">{duration(duration_ms)}</Fact>
      <Fact name="attempts">{max_iterations === 0 ? String(iterations) : `${iterations} of ${max_iterations}`}</Fact>
      {sequence > 0 && <Fact name="row">{count(sequence)}</Fact>}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
