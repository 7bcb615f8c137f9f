import { useEffect, useState } from "preact/hooks";
import type { Filters } from "../../api.js";
import type { Live } from "../state/live.js";
import type { Navigation } from "../state/navigation.js";
import { without } from "../state/place.js";
import { RANGES } from "../state/range.js";
import { minuteText } from "../text/format.js";
import { Logo } from "../ui/logo.js";
import { Seg } from "../ui/seg.js";

interface HeaderProps {
  readonly navigation: Navigation;
  readonly path: string;
  readonly live: Live;
  onLive(): void;
  readonly dates: boolean;
  onDates(): void;
}

/** Name, journal, pages, range, find, live. */
export function Header({ navigation, path, live, onLive, dates, onDates }: HeaderProps) {
  const { place, link } = navigation;
  const tab = place.session !== undefined && place.page === "overview" ? "sessions" : place.page;
  return (
    <header class="top">
      <h1>
        <Logo />
        sessionlog
      </h1>
      <span class="path" title="the session log that is read">
        {path}
      </span>
      <nav class="tabs" aria-label="Pages">
        {PAGES.map(([page, title]) => (
          <a
            key={page}
            href={link({ page, session: undefined, panel: undefined, sql: page === "sql" ? place.sql : undefined })}
            aria-current={page === tab ? "page" : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      <Range navigation={navigation} dates={dates} onDates={onDates} />
      <span class="space" />
      <Find navigation={navigation} />
      <button
        type="button"
        class={live.state === "paused" || live.state === "away" ? "live away" : "live"}
        aria-pressed={live.state !== "off"}
        title={live.message || undefined}
        onClick={onLive}
      >
        <i />
        {liveText(live)}
      </button>
    </header>
  );
}

const PAGES = [
  ["overview", "Overview"],
  ["sessions", "Sessions"],
  ["sql", "SQL"],
] as const;

function liveText({ state, at }: Live): string {
  if (state === "off") return "live: off";
  if (state === "paused" || state === "away") return `paused, last ${at === "" ? "unknown" : minuteText(at).slice(-5)}`;
  return "live";
}

function Range({
  navigation: { place, go },
  dates,
  onDates,
}: {
  navigation: Navigation;
  dates: boolean;
  onDates(): void;
}) {
  const { since, until } = place.filters;
  const own = until !== undefined || (since !== undefined && !RANGES.some((range) => range.since === since));
  const value = dates || own ? "dates" : (since ?? "all");
  const options: readonly (readonly [string, string])[] = [
    ...RANGES.map(({ since: each, label }) => [each, label] as const),
    ["all", "all"],
    ["dates", "dates"],
  ];
  const choose = (chosen: string) => {
    if (chosen === "dates") return onDates();
    const rest = without(without(place.filters, "since"), "until");
    go({ filters: chosen === "all" ? rest : { ...rest, since: chosen } });
  };
  return <Seg label="Time" options={options} value={value} onChange={choose} />;
}

function Find({ navigation: { place, go } }: { navigation: Navigation }) {
  const { find: wanted = "" } = place.filters;
  const [typed, setTyped] = useState(wanted);
  useEffect(() => setTyped(wanted), [wanted]);
  const find = (text: string): Filters =>
    text === "" ? without(place.filters, "find") : { ...place.filters, find: text };
  return (
    <search class="find">
      <label class="hidden" for="find">
        Find session ids, refusals, workers
      </label>
      <input
        id="find"
        type="search"
        placeholder="session id, worker, refusal …"
        autocomplete="off"
        spellcheck={false}
        value={typed}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        onChange={({ currentTarget }) => {
          const text = currentTarget.value.trim();
          go({ filters: find(text), page: text === "" ? place.page : "sessions", session: undefined });
        }}
      />
      <kbd>/</kbd>
    </search>
  );
}
