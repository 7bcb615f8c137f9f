import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Overview, Refusals, SessionDetail } from "../api.js";
import { FilterBar } from "./pages/filters.js";
import { Footer } from "./pages/footer.js";
import { Header } from "./pages/header.js";
import { OverviewPanels } from "./pages/overview.js";
import { SessionsPanel } from "./pages/sessions.js";
import { SqlPage } from "./pages/sql.js";
import { Detail } from "./sessions/detail.js";
import { type Answer, useAnswer } from "./state/answer.js";
import { appKeys } from "./state/app_keys.js";
import { useKeys } from "./state/keys.js";
import { isPhantom, useLive } from "./state/live.js";
import { useNavigation } from "./state/navigation.js";
import { filterQuery } from "./state/place.js";
import { useScrolled } from "./state/scrolled.js";
import { type Sessions, useSessions } from "./state/sessions.js";
import { useSlowly } from "./state/slowly.js";
import { count } from "./text/format.js";
import { copyText } from "./ui/copy.js";
import { KeysDialog } from "./ui/keys_dialog.js";
import { Pending } from "./ui/panel.js";

/** The overview is asked again this long after new rows, at most. */
const REFRESH_MS = 5000;
const SAID_MS = 4000;
/** From here on reading without compaction takes seconds. */
const COMPACT_ROWS_MIN = 200_000;

/** The viewer. */
export function App() {
  const navigation = useNavigation();
  const { place, go } = navigation;
  const [isLive, setLive] = useState(true);
  const [keys, setKeys] = useState(false);
  const [dates, setDates] = useState(false);
  const [said, setSaid] = useState("");
  const [shown, setShown] = useState<SessionDetail>();
  const query = filterQuery(place.filters).toString();
  const live = useLive(isLive && place.page !== "sql", place.filters);
  const version = useSlowly(live.journal?.version ?? 0, REFRESH_MS);
  const overview = useAnswer<Overview>(`overview?${query}`, version);
  const refusals = useAnswer<Refusals>(overview.value === undefined ? undefined : `refusals?${query}`, version);
  const isScrolled = useScrolled();
  const isOpen = place.session !== undefined;
  const sessions = useSessions(place.filters, live, isScrolled || isOpen);
  const last = overview.value?.journal.last_sequence ?? 0;
  const fresh = live.sessions.filter((session) => isPhantom(session) && session.sequence > last).length;
  const alarms = (overview.value?.alarm.ungrounded ?? 0) + fresh;
  const say = (text: string) => {
    setSaid(text);
    setTimeout(() => setSaid(""), SAID_MS);
  };
  const copy = async (text: string, what: string) =>
    say(text === "" ? `there is no ${what} for these filters` : (await copyText(text)) ? `${what} copied` : text);
  const opener = useRef<string | undefined>(undefined);
  const close = () => {
    go({ session: undefined });
    opener.current = place.session;
  };
  const actions = appKeys({
    navigation,
    list: sessions.list,
    isOpen,
    bounds: { since: overview.value?.since ?? null, until: overview.value?.until ?? null },
    close,
    copy,
    command: sessions.command,
    toggleLive: () => setLive(!isLive),
    showKeys: () => setKeys(true),
  });
  useKeys(actions);
  useEffect(() => {
    document.title = alarms > 0 ? `▼ ${count(alarms)} sessionlog` : "sessionlog";
  }, [alarms]);
  useEffect(() => {
    if (isOpen) return;
    setShown(undefined);
    // Back to the row that was open.
    if (opener.current !== undefined) document.querySelector<HTMLElement>(`a[href$="#s=${opener.current}"]`)?.focus();
    opener.current = undefined;
  }, [isOpen]);
  const journal = live.journal ?? overview.value?.journal;
  const asked = useMemo(
    () => sumAsked([overview.value?.asked, refusals.value?.asked, sessions.answer.value?.asked]),
    [overview.value, refusals.value, sessions.answer.value],
  );
  const list = place.page === "sessions" || isOpen;
  return (
    <div class="app">
      <Header
        navigation={navigation}
        path={journal?.path ?? ""}
        live={live}
        onLive={() => setLive(!isLive)}
        dates={dates}
        onDates={() => setDates(!dates)}
      />
      <main>
        <FilterBar navigation={navigation} facets={overview.value?.facets} dates={dates} />
        <Banners away={overview.away || live.state === "away"} journal={journal} />
        {place.page === "sql" && !isOpen ? (
          <SqlPage navigation={navigation} />
        ) : (
          <>
            {!list && <FirstPage overview={overview} refusals={refusals} navigation={navigation} fresh={fresh} />}
            <div class={isOpen ? "with-detail" : undefined}>
              <SessionsPanel
                navigation={navigation}
                sessions={list ? sessions : firstOf(sessions)}
                overview={overview.value}
                open={isOpen ? shown?.sequence : undefined}
              />
              {place.session !== undefined && (
                <Detail
                  id={place.session}
                  version={journal?.version ?? 0}
                  viewer={overview.value?.viewer}
                  onShown={setShown}
                  onClose={close}
                />
              )}
            </div>
          </>
        )}
      </main>
      <Footer journal={journal} asked={asked} onKeys={() => setKeys(true)} />
      <p class="said" role="status">
        {said}
      </p>
      {keys && <KeysDialog actions={actions} onClose={() => setKeys(false)} />}
    </div>
  );
}

/** On the overview the list is short, so that what follows can be reached. */
const FIRST_SESSIONS = 30;

const firstOf = (sessions: Sessions): Sessions => ({ ...sessions, list: sessions.list.slice(0, FIRST_SESSIONS) });

interface FirstPageProps extends Pick<Parameters<typeof OverviewPanels>[0], "navigation" | "fresh"> {
  readonly overview: Answer<Overview>;
  readonly refusals: Answer<Refusals>;
}

function FirstPage({ overview, refusals, navigation, fresh }: FirstPageProps) {
  const { value, error } = overview;
  if (value !== undefined && error === undefined) {
    return <OverviewPanels navigation={navigation} overview={value} refusals={refusals} fresh={fresh} />;
  }
  return (
    <>
      <section class="tiles" aria-label="Summary">
        {QUESTIONS.map(([title, question]) => (
          <div key={title} class="tile waiting">
            <h2>{title}</h2>
            <p class="note">{question}</p>
          </div>
        ))}
      </section>
      <Pending answer={overview} />
    </>
  );
}

/** What the tiles answer, as their outline. */
const QUESTIONS = [
  ["Alarm", "is a phantom assigned?"],
  ["Sessions", "how many?"],
  ["First-shot rate", "is it falling?"],
  ["Exhausted", "how many gave up?"],
  ["Infra errors", "how many never got an answer?"],
  ["Duration p95", "did it get slower?"],
] as const;

function Banners({ away, journal }: { away: boolean; journal: Overview["journal"] | undefined }) {
  const { rows = 0, segments = 0, compacted = 0, warnings = [], complete = true } = journal ?? {};
  return (
    <>
      {away && (
        <p class="banner bad" role="alert">
          The viewer has ended, or cannot be reached: what is here is as it was. Start it again with{" "}
          <code>sessionlog view</code>; its address is a new one then.
        </p>
      )}
      {warnings.map((line) => (
        <p key={line} class="banner">
          {line}
        </p>
      ))}
      {!complete && warnings.length === 0 && <p class="banner">Not everything could be read.</p>}
      {rows > COMPACT_ROWS_MIN && compacted < segments && (
        <p class="banner">
          {`${count(segments - compacted)} of ${count(segments)} segments are not compacted: `}
          <code>sessionlog compact</code> makes the next start faster.
        </p>
      )}
    </>
  );
}

type Asked = { readonly queries: number; readonly ms: number };

function sumAsked(parts: readonly (Asked | undefined)[]): Asked | undefined {
  const known = parts.filter((part) => part !== undefined);
  if (known.length === 0) return undefined;
  return known.reduce((sum, { queries, ms }) => ({ queries: sum.queries + queries, ms: sum.ms + ms }));
}
