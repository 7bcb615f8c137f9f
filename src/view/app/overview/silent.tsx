import type { SilentDaemon } from "../../api.js";
import { count, minuteText } from "../text/format.js";

/** Daemons that had sessions and stopped. */
export function SilentDaemons({ silent }: { silent: readonly SilentDaemon[] }) {
  return (
    <ul class="silent">
      {silent.map(({ daemon, last, silent_days, sessions, sessions_a_day }) => (
        <li key={daemon}>
          <b>{daemon}</b>
          {` for ${silent_days} days `}
          <span class="faint" title={`${count(sessions)} sessions, ${sessions_a_day} a day until then`}>
            {`since ${minuteText(last)}`}
          </span>
        </li>
      ))}
    </ul>
  );
}
