import { useEffect, useRef, useState } from "preact/hooks";
import type { Day, MatrixBy, MatrixRow, Overview, Panel as PanelAnswer, Refusals } from "../../api.js";
import { DayColumns, DayLegend, dayAt, dayWords } from "../charts/days.js";
import { Matrix } from "../charts/matrix.js";
import { RefusalList, type RefusalOrder } from "../overview/refusal_list.js";
import { SilentDaemons } from "../overview/silent.js";
import { Tiles } from "../overview/tiles.js";
import { type Answer, useAnswer } from "../state/answer.js";
import type { Navigation } from "../state/navigation.js";
import { filterQuery, toggled, without } from "../state/place.js";
import { rangeOfDays } from "../state/range.js";
import { Panel, Pending } from "../ui/panel.js";
import { Seg } from "../ui/seg.js";
import { AnswerTable } from "../ui/table.js";

interface OverviewProps {
  readonly navigation: Navigation;
  readonly overview: Overview;
  readonly refusals: Answer<Refusals>;
  /** Ungrounded sessions that came in live. */
  readonly fresh: number;
}

/** Tiles, days, first-shot success, refusals, silent daemons. */
export function OverviewPanels({ navigation, overview, refusals, fresh }: OverviewProps) {
  const { place, link } = navigation;
  const links = {
    alarm: link({ page: "sessions", filters: { ...place.filters, alarm: "any" }, session: undefined }),
    panel: (query: string) => link({ panel: place.panel === query ? undefined : query }),
  };
  const json = `api/overview?${filterQuery(place.filters)}`;
  return (
    <>
      <Tiles overview={overview} now={new Date().toISOString()} fresh={fresh} links={links} />
      {place.panel !== undefined && <QueryPanel name={place.panel} navigation={navigation} />}
      <Panel
        id="days"
        title="Sessions a day"
        question="what happened when"
        sql={overview.sql.days}
        json={json}
        extra={<DayLegend />}
      >
        <Days days={overview.days} navigation={navigation} />
      </Panel>
      <div class="pair">
        <FirstShot overview={overview} navigation={navigation} json={json} />
        <div class="column">
          <RefusalPanel refusals={refusals} navigation={navigation} few={overview.silent.length > 0} />
          {overview.silent.length > 0 && (
            <Panel
              id="silent"
              title="Silent daemons"
              question=""
              sql={overview.sql.silent}
              json={json}
              extra={<SilentDaemons silent={overview.silent} />}
            />
          )}
        </div>
      </div>
    </>
  );
}

function QueryPanel({ name, navigation: { place, link } }: { name: string; navigation: Navigation }) {
  const path = `panel/${encodeURIComponent(name)}?${filterQuery(place.filters)}`;
  const answer = useAnswer<PanelAnswer>(path);
  const panel = answer.value?.name === name ? answer.value : undefined;
  const close = (
    <a class="ghost" href={link({ panel: undefined })} aria-label="Close this table">
      ✕
    </a>
  );
  return (
    <Panel
      id="query"
      title={panel?.title ?? name}
      question={panel?.truncated ? "the first 1,000 rows" : `sessionlog query ${name}`}
      sql={panel?.sql}
      json={`api/${path}`}
      extra={close}
    >
      {panel === undefined || answer.error !== undefined ? (
        <Pending answer={answer} />
      ) : (
        <AnswerTable columns={panel.columns} rows={panel.rows} label={panel.title} />
      )}
    </Panel>
  );
}

const WIDTH_MIN = 260;

/** The columns at their width; a drag over them chooses days. */
function Days({ days, navigation: { place, go } }: { days: readonly Day[]; navigation: Navigation }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(1060);
  const [at, setAt] = useState<string>();
  const [from, setFrom] = useState<string>();
  useEffect(() => {
    const { current } = box;
    if (current === null) return;
    const observer = new ResizeObserver(() => setWidth(Math.max(WIDTH_MIN, Math.floor(current.clientWidth))));
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  if (days.length === 0) return <p class="empty">no session</p>;
  const below = ({ clientX }: PointerEvent) =>
    dayAt(days, width, clientX - (box.current?.getBoundingClientRect().left ?? 0));
  return (
    <div
      class="days"
      ref={box}
      onPointerDown={(event) => event.button === 0 && setFrom(below(event))}
      onPointerMove={(event) => setAt(below(event))}
      onPointerLeave={() => {
        setAt(undefined);
        setFrom(undefined);
      }}
      onPointerUp={(event) => {
        const to = below(event);
        setFrom(undefined);
        if (from === undefined || to === undefined) return;
        go({ filters: { ...without(without(place.filters, "since"), "until"), ...rangeOfDays(from, to) } });
      }}
    >
      <DayColumns days={days} width={width} at={at} picked={from && at ? [from, at] : undefined} />
      {at !== undefined && <p class="reading">{dayWords(days, at)}</p>}
    </div>
  );
}

const ROWS = [
  ["model", "model"],
  ["kind", "kind"],
  ["daemon", "daemon"],
  ["model_kind", "model × kind"],
] as const;

function FirstShot({ overview, navigation, json }: { overview: Overview; navigation: Navigation; json: string }) {
  const { place, go } = navigation;
  const [by, setBy] = useState<MatrixBy>("model");
  const [months, setMonths] = useState(false);
  const rows = overview.matrix[by];
  const name = by === "model_kind" ? "model" : by;
  const weeks = overview.weeks.filter(({ answered }) => answered > 0).map(({ week }) => week);
  const isSelected = (row: MatrixRow) =>
    place.filters[name]?.includes(row.name) === true &&
    (by !== "model_kind" || place.filters.kind?.includes(row.detail) === true);
  const select = (row: MatrixRow) => {
    const filters = by === "model_kind" && !isSelected(row) ? { ...place.filters, kind: [row.detail] } : place.filters;
    go({ filters: toggled(filters, name, row.name) });
  };
  return (
    <Panel
      id="first-shot"
      title="First-shot success"
      question="did we feed each model enough?"
      sql={overview.sql.matrix}
      json={json}
      extra={<Seg label="Rows" options={ROWS} value={by} onChange={(chosen) => setBy(chosen)} />}
    >
      {rows.length === 0 ? (
        <p class="empty">no answered session</p>
      ) : (
        <Matrix
          rows={rows}
          heading={name}
          weeks={weeks}
          months={months}
          selected={rows.find(isSelected)}
          onSelect={select}
        />
      )}
      {weeks.length > 8 && (
        <p>
          <button type="button" class="link" aria-pressed={months} onClick={() => setMonths(!months)}>
            {months ? "the newest 8 weeks only" : `${weeks.length - 8} older weeks, by month`}
          </button>
        </p>
      )}
    </Panel>
  );
}

const ORDERS = [
  ["frequent", "most frequent"],
  ["growing", "growing"],
] as const;

interface RefusalPanelProps {
  readonly refusals: Answer<Refusals>;
  readonly navigation: Navigation;
  /** Whether something stands below it. */
  readonly few: boolean;
}

function RefusalPanel({ refusals, navigation, few }: RefusalPanelProps) {
  const { place, go } = navigation;
  const [order, setOrder] = useState<RefusalOrder>("frequent");
  const [all, setAll] = useState(false);
  const { value, error } = refusals;
  const total = value?.reasons.length ?? 0;
  const shown = few ? 6 : 8;
  const heading =
    total <= shown ? (
      "reason, folded"
    ) : (
      <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>
        {all ? `all ${total}` : `first ${shown} of ${total}`}
      </button>
    );
  const select = (reason: string) =>
    go({ filters: place.filters.reason === reason ? without(place.filters, "reason") : { ...place.filters, reason } });
  return (
    <Panel
      id="refusals"
      title="Refusals"
      question="what do validators say, and does it grow?"
      sql={value?.sql[order === "frequent" ? "refusal-reasons" : "refusal-weeks"]}
      json={`api/refusals?${filterQuery(place.filters)}`}
      extra={<Seg label="Order" options={ORDERS} value={order} onChange={(chosen) => setOrder(chosen)} />}
    >
      {value === undefined || error !== undefined ? (
        <Pending answer={refusals} />
      ) : (
        <RefusalList
          refusals={value}
          order={order}
          limit={all ? total : shown}
          heading={heading}
          selected={place.filters.reason}
          onSelect={select}
        />
      )}
    </Panel>
  );
}
