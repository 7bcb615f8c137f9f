import type { ComponentChildren } from "preact";
import type { ReportData, Source } from "../../report/report_data.js";
import { DayColumns, DayLegend } from "../charts/days.js";
import { Matrix } from "../charts/matrix.js";
import { RefusalList } from "../overview/refusal_list.js";
import { SilentDaemons } from "../overview/silent.js";
import { Tiles } from "../overview/tiles.js";
import { SessionTable } from "../sessions/list.js";
import { count, counted, fullTime, minuteText } from "../text/format.js";
import { Logo } from "../ui/logo.js";
import { Panel } from "../ui/panel.js";
import { ScrollText } from "../ui/scroll.js";
import { AnswerTable } from "../ui/table.js";
import { type FittedFlagged, total } from "./fit.js";
import { FINDING_WORDS, FlaggedArticle, FlaggedTable } from "./flagged.js";

interface DocumentProps {
  readonly data: ReportData;
  readonly flagged: FittedFlagged;
  readonly policy: string;
  readonly style: string;
}

/** Of the columns by day; a report is printed on A4 as well. */
const DAYS_WIDTH = 1090;

/** The whole report. */
export function ReportDocument({ data, flagged, policy, style }: DocumentProps) {
  const { overview, refusals, sessions, tables, sql, source, made_at } = data;
  const { days, silent, matrix } = overview;
  const weeks = overview.weeks.filter(({ answered }) => answered > 0).map(({ week }) => week);
  const name = source.paths.join(", ");
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={policy} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <style>{style}</style>
        <title>{`sessionlog report, ${made_at.slice(0, 10)}, ${name}`}</title>
      </head>
      <body class="report">
        <div class="app">
          <header class="top">
            <h1>
              <Logo />
              sessionlog report
            </h1>
            <span class="path">{name}</span>
            <span class="space" />
            <span class="dim">{fullTime(made_at)}</span>
          </header>
          <main>
            <Notice data={data} flagged={flagged} />
            {overview.journal.warnings.map((line) => (
              <p key={line} class="banner">
                {line}
              </p>
            ))}
            <Tiles overview={overview} now={made_at} links={{ alarm: "#flagged", panel: () => undefined }} />
            <Panel id="days" title="Sessions a day" question="what happened when" extra={<DayLegend />}>
              {days.length === 0 ? <p class="empty">no session</p> : <DaysFigure days={days} />}
            </Panel>
            <Panel id="first-shot" title="First-shot success" question="did we feed each model enough?">
              <Rows title="model" empty={matrix.model.length === 0}>
                <Matrix rows={matrix.model} heading="model" weeks={weeks} months />
              </Rows>
            </Panel>
            <Panel id="first-shot-kinds" title="First-shot success, model × kind" question="where does it fail?">
              <Rows title="model × kind" empty={matrix.model_kind.length === 0}>
                <Matrix rows={matrix.model_kind} heading="model" weeks={weeks} months={false} />
              </Rows>
            </Panel>
            <Panel id="refusals" title="Refusals" question="what do validators say, and does it grow?">
              <RefusalList
                refusals={{ ...refusals, journal: overview.journal, command: "", asked: NOTHING_ASKED }}
                order="frequent"
                limit={refusals.reasons.length}
                heading="reason, folded, with an example"
                examples
              />
            </Panel>
            {silent.length > 0 && (
              <Panel id="silent" title="Silent daemons" question="" extra={<SilentDaemons silent={silent} />} />
            )}
            <FlaggedPanel data={data} flagged={flagged} />
            {tables.map(({ title, question, columns, rows, left_out }, index) => (
              <Panel key={title} id={`table-${index}`} title={title} question={question}>
                {rows.length === 0 ? (
                  <p class="empty">none</p>
                ) : (
                  <AnswerTable columns={columns} rows={rows} label={title} />
                )}
                {left_out > 0 && <p class="more">{`and ${count(left_out)} more`}</p>}
              </Panel>
            ))}
            <Panel
              id="newest"
              title="Newest sessions"
              question={`${sessions.length} of ${count(overview.total.sessions)}`}
            >
              {sessions.length === 0 ? (
                <p class="empty">no session</p>
              ) : (
                <SessionTable sessions={sessions} total={sessions.length} />
              )}
            </Panel>
            <Panel
              id="sources"
              title="How each figure was asked"
              question="sessionlog query --sql, over the same files"
            >
              {sql.map(({ title, sql: text }) => (
                <details key={title}>
                  <summary>{title}</summary>
                  <ScrollText style="sql">{text}</ScrollText>
                </details>
              ))}
            </Panel>
            <Asked data={data} />
          </main>
        </div>
      </body>
    </html>
  );
}

const NOTHING_ASKED = { queries: 0, ms: 0 };

function DaysFigure({ days }: { days: ReportData["overview"]["days"] }) {
  return (
    <div class="days">
      <DayColumns days={days} width={DAYS_WIDTH} />
    </div>
  );
}

function Rows({ title, empty, children }: { title: string; empty: boolean; children: ComponentChildren }) {
  return empty ? <p class="empty">{`no answered session, so no ${title}`}</p> : <div>{children}</div>;
}

/** First of all: whose data are in the file, and what was asked. */
function Notice({ data, flagged }: { data: ReportData; flagged: FittedFlagged }) {
  const { filters, bodies, overview } = data;
  const whole = counted(flagged.whole.length, "flagged session");
  const persons = bodies
    ? `People's data: this file has prompts and artifacts of ${whole}, with the names in them (--no-prompts leaves them out).`
    : "This file has no prompts and no artifacts; ids that are not on the roster are named.";
  return (
    <p class="notice">
      {persons}
      <span class="dim">
        {` Asked: ${filters.length === 0 ? "all sessions" : filters.join(" ")}; ${counted(overview.total.sessions, "session")} of ${count(overview.journal.rows)}.`}
      </span>
    </p>
  );
}

function FlaggedPanel({ data, flagged }: { data: ReportData; flagged: FittedFlagged }) {
  const { roster, bodies } = data;
  const { counts } = data.flagged;
  const all = total(data.flagged);
  const against = roster === null ? "by their stamps; --roster names the workers" : `checked against ${roster}`;
  return (
    <Panel
      id="flagged"
      title="Flagged fills"
      question={`${count(all)} of ${counted(data.overview.total.accepted_fills, "accepted fill")}, ${against}`}
    >
      {counts.length === 0 ? (
        <p class="empty">none</p>
      ) : (
        <ul class="findings">
          {counts.map(({ finding, sessions }) => (
            <li key={finding}>
              <b>{count(sessions)}</b> {FINDING_WORDS[finding]}
            </li>
          ))}
        </ul>
      )}
      <div class="flagged">
        {flagged.whole.map((part) => (
          <FlaggedArticle
            key={`${part.flagged.session_id}${part.flagged.timestamp}`}
            part={part}
            roster={roster}
            bodies={bodies}
          />
        ))}
      </div>
      {flagged.lines.length > 0 && <FlaggedTable lines={flagged.lines} />}
      {flagged.left_out > 0 && (
        <p class="more">
          {`and ${count(flagged.left_out)} more: sessionlog query ${roster === null ? "alarm" : "audit"}`}
        </p>
      )}
    </Panel>
  );
}

/** What was read, so that somebody else can read the same. */
function Asked({ data: { source, overview, roster, version, made_at } }: { data: ReportData }) {
  return (
    <Panel id="asked" title="What was read" question="">
      <dl class="asked">
        <Line name="session log">{source.paths.join(", ")}</Line>
        <Line name="rows">{count(overview.journal.rows)}</Line>
        <Line name="sequences">{sequencesText(source)}</Line>
        {source.checksums_sha256 !== null && (
          <Line name="SHA-256 of the segments' checksums">
            <code>{source.checksums_sha256}</code>
          </Line>
        )}
        <Line name="newest session">
          {overview.journal.newest === null ? "none" : `${minuteText(overview.journal.newest)} UTC`}
        </Line>
        <Line name="roster">{roster ?? "none"}</Line>
        <Line name="made">{`${fullTime(made_at)}, by sessionlog ${version}`}</Line>
      </dl>
    </Panel>
  );
}

function Line({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function sequencesText({ segments, active, first_sequence, last_sequence }: Source): string {
  const sealed =
    first_sequence === null || last_sequence === null
      ? ""
      : `${count(first_sequence)} to ${count(last_sequence)} in ${counted(segments, "sealed segment")}`;
  return [sealed, active ? "the active file" : ""].filter((text) => text !== "").join(", and ") || "the named files";
}
