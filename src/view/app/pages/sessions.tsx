import { useEffect, useRef } from "preact/hooks";
import type { Filters, Overview, SessionLine } from "../../api.js";
import { SessionTable } from "../sessions/list.js";
import type { Navigation } from "../state/navigation.js";
import { filterQuery, filterText, without } from "../state/place.js";
import type { Sessions } from "../state/sessions.js";
import { useWindow } from "../state/window.js";
import { count, counted } from "../text/format.js";
import { Panel, Pending } from "../ui/panel.js";

interface SessionsProps {
  readonly navigation: Navigation;
  readonly sessions: Sessions;
  readonly overview: Overview | undefined;
  /** Sequence of the open session. */
  readonly open: number | undefined;
}

/** The list: it grows at its top as sessions end, and at its bottom as one scrolls. */
export function SessionsPanel({ navigation, sessions, overview, open }: SessionsProps) {
  const { place, link } = navigation;
  const { list, answer, total, waiting, takeNew } = sessions;
  const box = useRef<HTMLDivElement>(null);
  const drawn = useWindow(box, list.length);
  const question =
    place.filters.alarm === "any"
      ? "accepted fills without a true stamp"
      : `newest first${answer.value === undefined ? "" : `; ${counted(total, "session")}`}`;
  const takeThem = () => {
    takeNew();
    scrollTo({ top: 0 });
  };
  const news = waiting > 0 && (
    <button type="button" class="ghost new" onClick={takeThem}>
      {`${count(waiting)} new ↑`}
    </button>
  );
  return (
    <Panel
      id="sessions"
      title="Sessions"
      question={question}
      sql={overview?.sql.sessions}
      json={`api/sessions?${filterQuery(place.filters)}`}
      extra={news}
    >
      {answer.value === undefined || answer.error !== undefined ? (
        <Pending answer={answer} />
      ) : list.length === 0 ? (
        <Nothing overview={overview} navigation={navigation} />
      ) : (
        // A click anywhere in a row opens it; the link in it is for the keyboard.
        // biome-ignore lint/a11y/noStaticElementInteractions: the same as the row's link, for the pointer
        // biome-ignore lint/a11y/useKeyWithClickEvents: the row's link takes the keys
        <div ref={box} onClick={openRow}>
          <SessionTable
            sessions={list.slice(drawn.from, drawn.to)}
            above={drawn.from}
            below={Math.max(0, list.length - drawn.to)}
            total={total}
            row_height={drawn.row_height}
            fresh_after={sessions.asked_to}
            open={open}
            link={({ session_id }: SessionLine) => link({ session: session_id })}
          />
        </div>
      )}
      {answer.value !== undefined &&
        list.length > 0 &&
        (place.page === "overview" && place.session === undefined && list.length < total ? (
          <p class="more">
            <a href={link({ page: "sessions" })}>{`all ${counted(total, "session")}`}</a>
          </p>
        ) : (
          <End sessions={sessions} />
        ))}
    </Panel>
  );
}

function openRow(event: MouseEvent): void {
  if (!(event.target instanceof Element) || event.target.closest("a") !== null) return;
  // Not after text was selected.
  if (getSelection()?.isCollapsed === false) return;
  event.target.closest("tr")?.querySelector("a")?.click();
}

/** Loads older ones when it comes into sight. */
function End({ sessions: { list, total, more, loadMore } }: { sessions: Sessions }) {
  const mark = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (mark.current === null || !more) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && loadMore(), {
      rootMargin: "800px",
    });
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, [more, loadMore]);
  return (
    <p class="more" ref={mark}>
      {more ? (
        <button type="button" class="link" onClick={loadMore}>
          {`first ${count(list.length)} of ${count(total)}`}
        </button>
      ) : (
        `all ${count(list.length)}`
      )}
    </p>
  );
}

/** Why there is no session, and what to do about it. */
function Nothing({
  overview,
  navigation: { place, link },
}: {
  overview: Overview | undefined;
  navigation: Navigation;
}) {
  if (overview === undefined) return <p class="empty">no session passes the filters</p>;
  const { journal, removed_by } = overview;
  if (journal.rows === 0) {
    return (
      <div class="empty">
        <p>{`${journal.path} has no session yet.`}</p>
        <p>
          Send some with <code>sessionlog append sessions.jsonl</code>, or look at another log with <code>--path</code>.
        </p>
      </div>
    );
  }
  return (
    <div class="empty">
      <p>{`No session of ${count(journal.rows)} passes the filters.`}</p>
      {removed_by.map(({ filter, value, sessions }) => (
        <p key={filter + value}>
          <a
            href={link({ filters: withoutFilter(place.filters, filter, value) })}
          >{`without ${filterText(filter, value)}`}</a>
          {`: ${counted(sessions, "session")}`}
        </p>
      ))}
    </div>
  );
}

function withoutFilter(filters: Filters, name: keyof Filters, value: string): Filters {
  return without(filters, name, Array.isArray(filters[name]) && filters[name].includes(value) ? value : undefined);
}
