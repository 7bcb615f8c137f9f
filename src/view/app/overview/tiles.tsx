import type { ComponentChildren } from "preact";
import type { Overview, Week } from "../../api.js";
import { Spark } from "../charts/spark.js";
import { count, duration, percent, shortCount, signed } from "../text/format.js";
import { AlarmTile } from "./alarm_tile.js";

/** Beyond this a change is hardly chance. */
const Z_NOTABLE = 2;

interface TilesProps {
  readonly overview: Pick<Overview, "total" | "weeks" | "alarm" | "journal">;
  readonly now: string;
  readonly fresh?: number;
  /** Where a tile leads: the alarm's sessions, or a query as a table. */
  readonly links: { readonly alarm: string; panel(query: string): string | undefined };
}

/** What is asked first, as numbers with their trend by week. */
export function Tiles({ overview, now, fresh = 0, links }: TilesProps) {
  const { total, weeks, alarm, journal } = overview;
  const last = weeks.at(-1);
  const answered = weeks.filter((week) => week.answered > 0);
  const line = (values: readonly number[], text: (value: number) => string) =>
    `by week: ${values.map(text).join(", ")}`;
  const share = (text: (value: number) => string) => (value: number) => `${text(value)} %`;
  const sessions = weeks.map((week) => week.sessions);
  const exhausted = answered.map((week) => week.exhausted / week.answered);
  const infra = weeks.map((week) => week.infra_errors / week.sessions);
  const p95 = weeks.flatMap(({ p95_ms }) => (p95_ms === null ? [] : [p95_ms]));
  const whole = share((value) => percent(value));
  return (
    <section class="tiles" aria-label="Summary">
      <AlarmTile alarm={alarm} journal={journal} fresh={fresh} href={links.alarm} now={now} />
      <Tile
        title="Sessions"
        big={shortCount(total.sessions)}
        href={links.panel("outcomes")}
        note={last === undefined ? "none" : sessionsNote(weeks)}
      >
        {weeks.length > 0 && <Spark zero values={sessions} label={line(sessions, count)} />}
      </Tile>
      <Tile
        title="First-shot rate"
        big={percent(total.first_shot / total.answered)}
        unit="%"
        wide
        href={links.panel("model-regressions")}
        note={<FirstShotNote week={answered.at(-1)} />}
      >
        {answered.length > 0 && (
          <Spark
            values={answered.map(({ first }) => first.share ?? 0)}
            band={answered.map(({ first }) => [first.low ?? 0, first.high ?? 1] as const)}
            tone="ok"
            label={line(
              answered.map(({ first }) => first.share ?? 0),
              whole,
            )}
          />
        )}
      </Tile>
      <Tile
        title="Exhausted"
        big={percent(total.exhausted / total.answered)}
        unit="%"
        href={links.panel("attempts-distribution")}
        note={`${shortCount(total.exhausted)} gave up${lastShare(answered.at(-1), "exhausted", "answered")}`}
      >
        {exhausted.length > 0 && <Spark zero values={exhausted} tone="no" label={line(exhausted, whole)} />}
      </Tile>
      <Tile
        title="Infra errors"
        big={percent(total.infra_errors / total.sessions)}
        unit="%"
        href={links.panel("infra-errors")}
        note={`${shortCount(total.infra_errors)} of ${shortCount(total.sessions)}${lastShare(last, "infra_errors", "sessions")}`}
      >
        {infra.length > 0 && <Spark zero values={infra} tone="infra" label={line(infra, whole)} />}
      </Tile>
      <Tile
        title="Duration p95"
        {...durationBig(total.p95_ms)}
        href={links.panel("outcomes")}
        note={total.p50_ms === null ? "no answered session" : `median ${duration(total.p50_ms)}, infra left out`}
      >
        {p95.length > 0 && <Spark zero values={p95} label={line(p95, duration)} />}
      </Tile>
    </section>
  );
}

interface TileProps {
  readonly title: string;
  readonly big: string;
  readonly unit?: string | undefined;
  readonly wide?: boolean;
  readonly note: ComponentChildren;
  readonly href?: string | undefined;
  readonly children: ComponentChildren;
}

function Tile({ title, big, unit, wide = false, note, href, children }: TileProps) {
  const content = (
    <>
      <h2>{title}</h2>
      <p class="big">
        {big}
        {unit !== undefined && big !== "–" && <small> {unit}</small>}
      </p>
      {children}
      <p class="note">{note}</p>
    </>
  );
  const style = wide ? "tile wide" : "tile";
  return href === undefined ? (
    <div class={style}>{content}</div>
  ) : (
    <a class={style} href={href}>
      {content}
    </a>
  );
}

/** The newest week with sessions may be long ago. */
const weekName = (week: Week): string => (week.running ? "this week" : "newest week");

function sessionsNote(weeks: readonly Week[]): string {
  const [before, last] = [weeks.at(-2), weeks.at(-1)];
  if (last === undefined) return "";
  const change = before === undefined || last.running ? "" : `, ${signed(last.sessions - before.sessions, 0)}`;
  return `${count(last.sessions)} ${last.running ? "this week" : "in the newest week"}${change}`;
}

function lastShare(week: Week | undefined, part: "exhausted" | "infra_errors", of: "answered" | "sessions"): string {
  return week === undefined ? "" : `; ${weekName(week)} ${percent(week[part] / week[of])} %`;
}

function FirstShotNote({ week }: { week: Week | undefined }) {
  if (week === undefined) return <>no answered session</>;
  const { share, share_before, z } = week.first;
  const now = `${weekName(week)} ${percent(share ?? Number.NaN)} %`;
  if (share === null || share_before === null || z === null) return <>{now}</>;
  const notable = Math.abs(z) >= Z_NOTABLE;
  return (
    <>
      {now}, <b class={z <= -Z_NOTABLE ? "fell" : undefined}>{signed(100 * (share - share_before))} pts</b> on 4 weeks{" "}
      {notable ? `(z ${signed(z)})` : "(by chance?)"}
    </>
  );
}

function durationBig(ms: number | null): { readonly big: string; readonly unit?: string } {
  const [big = "–", unit] = ms === null ? [] : duration(ms).split(" ");
  return unit === undefined ? { big } : { big, unit };
}
