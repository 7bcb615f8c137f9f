import type { Finding, FlaggedLine, FlaggedSession } from "../../report/report_data.js";
import { Session } from "../sessions/session.js";
import { minuteText } from "../text/format.js";
import { ScrollWide } from "../ui/scroll.js";

/** A flagged session as it is shown. */
export interface FlaggedPart {
  readonly flagged: FlaggedSession;
  /** That it was cut. */
  readonly note: string | undefined;
}

/** What a finding means. */
export const FINDING_WORDS: Readonly<Record<Finding, string>> = {
  ungrounded: "stamped as not grounded",
  unchecked: "without a stamp",
  confirmed_ungrounded: "not on the roster, and stamped so",
  claimed_grounded: "claimed grounded, but not on the roster",
  claimed_ungrounded: "claimed ungrounded, but on the roster",
  never_checked: "never checked",
  no_ids: "no list of ids in the artifact",
};

/** A flagged session with all that a report may show of it. */
export function FlaggedArticle({
  part,
  roster,
  bodies,
}: {
  part: FlaggedPart;
  roster: string | null;
  bodies: boolean;
}) {
  const { flagged, note } = part;
  return (
    <Session
      session={flagged.session}
      roster_name={roster}
      bodies={bodies}
      whole
      note={note}
      close={<span class="tag">{FINDING_WORDS[flagged.finding]}</span>}
    />
  );
}

const IDS_SHOWN = 3;
const ID_SHOWN = 60;

/** Further flagged sessions, a line each. */
export function FlaggedTable({ lines }: { lines: readonly FlaggedLine[] }) {
  return (
    <ScrollWide label="Further flagged sessions">
      <table class="answer">
        <thead>
          <tr>
            <th scope="col">ended (UTC)</th>
            <th scope="col">session</th>
            <th scope="col">finding</th>
            <th scope="col">not on the roster</th>
            <th scope="col">daemon</th>
            <th scope="col">model</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ finding, session_id, timestamp, daemon, model, unknown_ids }) => (
            <tr key={`${session_id}${timestamp}`}>
              <td>{timestamp === null ? "no usable time" : minuteText(timestamp)}</td>
              <td class="mono">{session_id}</td>
              <td>{finding.replaceAll("_", " ")}</td>
              <td class="mono">
                {unknown_ids
                  .slice(0, IDS_SHOWN)
                  .map((id) => id.slice(0, ID_SHOWN))
                  .join(", ")}
                {unknown_ids.length > IDS_SHOWN && ", …"}
              </td>
              <td>{daemon}</td>
              <td>{model.slice(0, ID_SHOWN)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollWide>
  );
}
