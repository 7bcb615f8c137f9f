import type { SessionLine } from "../../api.js";
import { duration, listTime } from "../text/format.js";
import { Pips, Stamp, verdictText } from "../ui/pips.js";

const COLUMNS = [
  ["attempts", "w-attempts"],
  ["verdict", "w-verdict"],
  ["kind", "w-kind"],
  ["model", "w-model"],
  ["last refusal", undefined],
  ["daemon", "w-daemon"],
  ["took", "w-took right"],
  ["roster", "w-roster"],
  ["ended (UTC)", "w-ended"],
  ["session", "w-id"],
] as const;

interface SessionTableProps {
  readonly sessions: readonly SessionLine[];
  /** Sessions above and below of which no row is drawn. */
  readonly above?: number;
  readonly below?: number;
  /** All that there are. */
  readonly total: number;
  /** The height of a row in pixels. */
  readonly row_height?: number;
  /** Sequences above this came in live. */
  readonly fresh_after?: number | undefined;
  /** The open one. */
  readonly open?: number | undefined;
  link?: ((session: SessionLine) => string) | undefined;
}

/** Sessions as a table, newest first. */
export function SessionTable(props: SessionTableProps) {
  const { sessions, above = 0, below = 0, total, row_height = 33, fresh_after = Number.POSITIVE_INFINITY } = props;
  return (
    <table class="list" aria-rowcount={total + 1}>
      <caption class="hidden">Sessions, newest first</caption>
      <thead>
        <tr>
          {COLUMNS.map(([name, style]) => (
            <th key={name} scope="col" class={style} aria-sort={name === "ended (UTC)" ? "descending" : undefined}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        <Gap height={above * row_height} />
        {sessions.map((session, index) => (
          <Row
            key={session.sequence}
            session={session}
            place={above + index + 2}
            fresh={session.sequence > fresh_after}
            open={session.sequence === props.open}
            href={props.link?.(session)}
          />
        ))}
        <Gap height={below * row_height} />
      </tbody>
    </table>
  );
}

function Gap({ height }: { height: number }) {
  if (height === 0) return null;
  return (
    <tr class="gap">
      <td>
        <svg width="1" height={height} aria-hidden="true" />
      </td>
    </tr>
  );
}

interface RowProps {
  readonly session: SessionLine;
  readonly place: number;
  readonly fresh: boolean;
  readonly open: boolean;
  readonly href: string | undefined;
}

function Row({ session, place, fresh, open, href }: RowProps) {
  const { kind, verdict, model, refusal, daemon, duration_ms, timestamp, session_id, grounded } = session;
  const id = session_id.slice(0, 8);
  const style = [fresh ? "fresh" : "", open ? "on" : ""].join(" ").trim();
  return (
    <tr class={style || undefined} aria-rowindex={place} data-sequence={session.sequence}>
      <td class="c-attempts">
        <Pips letters={session.attempts} places={session.max_iterations} total={session.attempt_count} />
      </td>
      <td class={`c-verdict v-${verdict}`}>{verdictText(verdict)}</td>
      <td class="c-kind">{kind}</td>
      <td class="c-model model" title={model}>
        {model === "" ? <span class="faint">(none)</span> : model}
      </td>
      <td class="c-why why" title={refusal ?? undefined}>
        {refusal}
      </td>
      <td class="c-daemon dim" title={daemon}>
        {daemon}
      </td>
      <td class="c-took right">{duration(duration_ms)}</td>
      <td class="c-roster">
        <Stamp kind={kind} verdict={verdict} grounded={grounded} />
      </td>
      <td class="c-ended dim">{timestamp === null ? "no usable time" : listTime(timestamp)}</td>
      <td class="c-id">
        {href === undefined ? (
          <span class="mono">{id}</span>
        ) : (
          <a class="id" href={href} aria-current={open ? "true" : undefined}>
            {id}
          </a>
        )}
      </td>
    </tr>
  );
}
