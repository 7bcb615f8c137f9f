import type { Alarm, AlarmEntry, JournalState } from "../../api.js";
import { agoText, count, counted, dayText } from "../text/format.js";

interface AlarmTileProps {
  readonly alarm: Alarm;
  readonly journal: JournalState;
  /** Ungrounded ones that came in live, and are not in the alarm yet. */
  readonly fresh?: number;
  /** Where the sessions are listed. */
  readonly href: string;
  readonly now: string;
}

/** Is a phantom assigned, who, when, by which daemon? Red when raised, quiet when not, grey when there is nothing to check. */
export function AlarmTile({ alarm, journal, fresh = 0, href, now }: AlarmTileProps) {
  const { accepted_fills, unchecked, audit } = alarm;
  const ungrounded = alarm.ungrounded + fresh;
  const claimed = audit.state === "done" ? audit.counts.claimed_grounded : 0;
  const raised = ungrounded + unchecked + claimed > 0;
  const nothing = accepted_fills + fresh === 0;
  const within = journal.complete ? "" : " in what could be read";
  const style = raised ? "raised" : nothing ? "unknown" : "quiet";
  const [number, words] =
    ungrounded > 0
      ? [ungrounded, "not grounded"]
      : claimed > 0
        ? [claimed, "claimed grounded, but not on the roster"]
        : [unchecked, "never checked"];
  const newest = journal.newest === null ? "" : `; newest session ${agoText(journal.newest, now)} ago`;
  return (
    <a class={`tile alarm-tile ${style}`} href={href}>
      <h2>{raised ? "▼ Alarm" : nothing ? "Nothing to check" : "No alarm"}</h2>
      <p class="big">
        {nothing && !raised ? "–" : count(raised ? number : 0)}
        {raised && <small> {words}</small>}
      </p>
      <p class="note">
        {raised ? (
          <Raised alarm={alarm} ungrounded={ungrounded} claimed={claimed} within={within} />
        ) : nothing ? (
          `no accepted fill${within}${newest}`
        ) : (
          `all ${count(accepted_fills)} accepted fills are grounded${within}${newest}`
        )}
        <AuditNote audit={audit} />
      </p>
    </a>
  );
}

interface RaisedProps {
  readonly alarm: Alarm;
  readonly ungrounded: number;
  readonly claimed: number;
  readonly within: string;
}

function Raised({ alarm, ungrounded, claimed, within }: RaisedProps) {
  const { newest, accepted_fills, unchecked } = alarm;
  const first = newest.find(({ finding }) => finding !== "unchecked") ?? newest[0];
  const others = [
    ...(ungrounded > 0 && claimed > 0 ? [`${count(claimed)} claimed grounded`] : []),
    ...(ungrounded + claimed > 0 && unchecked > 0 ? [`${count(unchecked)} unchecked`] : []),
  ];
  return (
    <>
      {first !== undefined && <Who entry={first} />}
      {[...others, `of ${counted(accepted_fills, "accepted fill")}${within}`].join(", ")}
    </>
  );
}

function Who({ entry: { unknown_ids, timestamp, daemon } }: { entry: AlarmEntry }) {
  const [first, ...more] = unknown_ids ?? [];
  const when = timestamp === null ? "" : `${dayText(timestamp)}, `;
  return (
    <>
      {first !== undefined && <span class="who">{first}</span>}
      {more.length > 0 && ` and ${count(more.length)} more`}
      {first === undefined ? "newest " : ", "}
      {`${when}${daemon}`}
      <br />
    </>
  );
}

function AuditNote({ audit }: { audit: Alarm["audit"] }) {
  if (audit.state === "running") return <span>; looking up the roster…</span>;
  if (audit.state === "failed") return <span>; roster: {audit.message}</span>;
  if (audit.state === "off") return null;
  const { claimed_ungrounded, no_ids } = audit.counts;
  const odd = [
    ...(claimed_ungrounded > 0 ? [`${count(claimed_ungrounded)} stamped false, but on the roster`] : []),
    ...(no_ids > 0 ? [`${count(no_ids)} without ids`] : []),
  ];
  return odd.length === 0 ? null : <span>; {odd.join(", ")}</span>;
}
