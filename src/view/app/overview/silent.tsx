import type { SilentDaemon } from "../../api.js";
import { count, minuteText } from "../text/format.js";

const SHOWN_MAX = 12;

/** Daemons that had sessions and stopped. */
export function SilentDaemons({ silent }: { silent: readonly SilentDaemon[] }) {
  return (
    <ul class="silent">
      {silent.slice(0, SHOWN_MAX).map(({ daemon, last, silent_days, sessions, sessions_a_day }) => (
        <li key={daemon}>
          <b>{daemon}</b>
          {` for ${silent_days} days `}
          <span class="faint" title={`${count(sessions)} sessions, ${sessions_a_day} a day until then`}>
            {`since ${minuteText(last)}`}
          </span>
        </li>
      ))}
      {silent.length > SHOWN_MAX && <li>{`and ${count(silent.length - SHOWN_MAX)} more`}</li>}
    </ul>
  );
}
