import type { Attempt } from "../../api.js";
import { compareWords, foldReason } from "../text/fold.js";
import { letterOf, Pip } from "../ui/pips.js";

/** Drawn at first; a session may have a thousand. */
const SHOWN_MAX = 60;

/** Each attempt with what was said of it, and whether it is the reason of the attempt before again. */
export function AttemptChain({ attempts }: { attempts: readonly Attempt[] }) {
  if (attempts.length === 0) return <p class="faint">not known</p>;
  const left_out = attempts.length - SHOWN_MAX;
  return (
    <>
      {left_out > 0 && <p class="faint">{`the last ${SHOWN_MAX} of ${attempts.length}; all are in the row`}</p>}
      <ol class="chain">
        {attempts.slice(-SHOWN_MAX).map((attempt, index, shown) => (
          <li key={attempt.iteration}>
            <Pip letter={letterOf(attempt.verdict_kind)} />
            <Said
              attempt={attempt}
              place={Math.max(0, left_out) + index + 1}
              before={shown[index - 1]?.error ?? undefined}
            />
          </li>
        ))}
      </ol>
    </>
  );
}

interface SaidProps {
  readonly attempt: Attempt;
  /** From 1: daemons count iterations from 0 or from 1. */
  readonly place: number;
  /** What was said of the attempt before. */
  readonly before: string | undefined;
}

function Said({ attempt: { verdict_kind, error, span_id }, place, before }: SaidProps) {
  const compared = before !== undefined && error !== null;
  const same = compared && foldReason(before) === foldReason(error);
  return (
    <div>
      <p class="kind">
        <b>{place}</b> {verdict_kind}
        {compared && <span class={same ? "tag" : "tag other"}>{same ? "same reason again" : "another reason"}</span>}
        {span_id !== null && <code class="span" title={span_id}>{`span ${span_id.slice(0, 8)}`}</code>}
      </p>
      {error !== null && (
        <p class="error">
          {same
            ? compareWords(before, error).map(({ text, changed }, piece) =>
                changed ? <mark key={`${piece}${text}`}>{text}</mark> : <span key={`${piece}${text}`}>{text}</span>,
              )
            : error}
        </p>
      )}
    </div>
  );
}
