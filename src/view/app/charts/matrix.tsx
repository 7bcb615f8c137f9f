import type { MatrixRow, WeekShare } from "../../api.js";
import { count, dayText, percent } from "../text/format.js";
import { ScrollWide } from "../ui/scroll.js";

const WEEKS_SHOWN = 8;
/** Rows beyond these, those with the fewest sessions, are counted. */
const ROWS_MAX = 40;
/** Shares of fewer sessions are pale, and do not widen the scale. */
const FEW = 20;
/** Colours on each side of the middle one. */
const STEPS = 4;
/** The scale's half is never less than this, so that small differences stay pale. */
const SPREAD_MIN = 0.12;

interface MatrixProps {
  readonly rows: readonly MatrixRow[];
  /** What a row is: model, kind, daemon. */
  readonly heading: string;
  /** All weeks that there are, ascending. */
  readonly weeks: readonly string[];
  /** Whether older weeks are shown, too, month by month. */
  readonly months: boolean;
  /** The row that is filtered on. */
  readonly selected?: MatrixRow | undefined;
  onSelect?: ((row: MatrixRow) => void) | undefined;
}

/** First-shot success, row × week: the share in percent with its number of sessions; ▼ where it fell beyond chance. */
export function Matrix({ rows, heading, weeks, months, selected, onSelect }: MatrixProps) {
  const shown = weeks.slice(-WEEKS_SHOWN);
  const older = weeks.slice(0, -WEEKS_SHOWN);
  const monthNames = months ? [...new Set(older.map((week) => week.slice(0, 7)))] : [];
  const scale = createScale(rows);
  return (
    <ScrollWide label="First-shot success by week">
      <table class="matrix">
        <thead>
          <tr>
            <th scope="col">{heading}</th>
            {monthNames.map((month) => (
              <th key={month} scope="col">
                {monthText(month)}
              </th>
            ))}
            {shown.map((week) => (
              <th key={week} scope="col">
                {dayText(week)}
              </th>
            ))}
            <th scope="col">all</th>
          </tr>
        </thead>
        <tbody>
          {shownRows(rows).map((row) => (
            <tr key={`${row.name}\n${row.detail}`} class={row === selected ? "on" : undefined}>
              <th scope="row">
                <RowName row={row} selected={row === selected} onSelect={onSelect} />
                <small>{row.detail}</small>
              </th>
              {monthNames.map((month) => (
                <Cell
                  key={month}
                  share={sumOf(row.weeks.filter(({ week }) => older.includes(week) && week.startsWith(month)))}
                  scale={scale}
                />
              ))}
              {shown.map((week) => (
                <Cell key={week} share={row.weeks.find((each) => each.week === week)} scale={scale} />
              ))}
              <td>
                <b>{percent(row.share ?? Number.NaN, 0)}</b>
                <small>n {count(row.answered)}</small>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="key">
        {rows.length > ROWS_MAX && <b>{`the ${ROWS_MAX} with most sessions, of ${count(rows.length)}`}</b>}
        <span>% of answered sessions accepted at the first attempt</span>
        <span>
          <span class="ramp" aria-hidden="true">
            {Array.from({ length: 2 * STEPS + 1 }, (_, step) => (
              <i key={step} class={`step-${step}`} />
            ))}
          </span>
          {` ${percent(scale.low, 0)} → ${percent(scale.high, 0)}`}
        </span>
        <span>
          <b>▼</b> fell beyond chance (z ≤ −2 on the 4 weeks before)
        </span>
        <span>pale: n &lt; {FEW}</span>
      </p>
    </ScrollWide>
  );
}

function RowName({
  row,
  selected,
  onSelect,
}: {
  row: MatrixRow;
  selected: boolean;
  onSelect: MatrixProps["onSelect"];
}) {
  const name = row.name === "" ? "(none)" : row.name;
  if (onSelect === undefined) return <b title={name}>{name}</b>;
  return (
    <button type="button" class="pick" title={name} aria-pressed={selected} onClick={() => onSelect(row)}>
      {name}
    </button>
  );
}

type CellShare = Pick<WeekShare, "week" | "answered" | "first_shot" | "share" | "low" | "high"> &
  Partial<Pick<WeekShare, "fell" | "share_before" | "z">>;

function Cell({ share: cell, scale }: { share: CellShare | undefined; scale: Scale }) {
  if (cell === undefined || cell.share === null) return <td class="void">·</td>;
  const { share, answered, first_shot, low, high, fell = false, share_before, z } = cell;
  const sure = low === null || high === null ? "" : `, 95 %: ${percent(low, 0)}–${percent(high, 0)} %`;
  const before =
    share_before == null || z == null ? "" : `; ${percent(share_before, 0)} % in the 4 weeks before, z ${z}`;
  const style = answered < FEW ? "few" : `step-${scale.step(share)}`;
  return (
    <td
      class={fell ? `${style} fell` : style}
      title={`${count(first_shot)} of ${count(answered)} at the first attempt${sure}${before}`}
    >
      <b>{percent(share, 0)}</b>
      {fell && (
        <span class="mark">
          ▼<span class="hidden"> fell beyond chance</span>
        </span>
      )}
      <small>n {count(answered)}</small>
    </td>
  );
}

function shownRows(rows: readonly MatrixRow[]): readonly MatrixRow[] {
  if (rows.length <= ROWS_MAX) return rows;
  const most = new Set(rows.toSorted((one, other) => other.answered - one.answered).slice(0, ROWS_MAX));
  return rows.filter((row) => most.has(row));
}

interface Scale {
  /** The lowest and the highest share that differ in colour, 0 to 1. */
  readonly low: number;
  readonly high: number;
  /** The colour of a share, 0 to 8; the middle one is the mean. */
  step(share: number): number;
}

function createScale(rows: readonly MatrixRow[]): Scale {
  const cells = rows.flatMap(({ weeks }) => weeks).filter(({ answered }) => answered >= FEW);
  const shares = cells.flatMap(({ share }) => (share === null ? [] : [share]));
  const answered = rows.reduce((sum, row) => sum + row.answered, 0);
  const mean = answered === 0 ? 0.5 : rows.reduce((sum, row) => sum + row.first_shot, 0) / answered;
  const low = Math.max(0, Math.min(mean - SPREAD_MIN, ...shares));
  const high = Math.min(1, Math.max(mean + SPREAD_MIN, ...shares));
  return {
    low,
    high,
    step(share) {
      const distance = share < mean ? (share - mean) / (mean - low || 1) : (share - mean) / (high - mean || 1);
      return STEPS + Math.round(STEPS * Math.max(-1, Math.min(1, distance)));
    },
  };
}

function sumOf(weeks: readonly WeekShare[]): CellShare | undefined {
  const [first] = weeks;
  if (first === undefined) return undefined;
  const answered = weeks.reduce((sum, week) => sum + week.answered, 0);
  const first_shot = weeks.reduce((sum, week) => sum + week.first_shot, 0);
  const fell = weeks.some((week) => week.fell);
  return {
    week: first.week,
    answered,
    first_shot,
    share: answered === 0 ? null : first_shot / answered,
    low: null,
    high: null,
    fell,
  };
}

const monthText = (month: string): string =>
  new Date(`${month}-01`).toLocaleDateString("en-GB", { month: "short", timeZone: "UTC" });
