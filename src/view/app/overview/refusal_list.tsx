import type { ComponentChildren } from "preact";
import type { RefusalReason, Refusals } from "../../api.js";
import { Bars } from "../charts/bars.js";
import { count, shortCount, signed } from "../text/format.js";
import { letterOf, Pip } from "../ui/pips.js";

export type RefusalOrder = "frequent" | "growing";

const GREW_Z = 2;
/** Characters of an example. */
const EXAMPLE_MAX = 300;

interface RefusalListProps {
  readonly refusals: Refusals;
  readonly order: RefusalOrder;
  /** How many are shown. */
  readonly limit: number;
  /** Above the reasons. */
  readonly heading: ComponentChildren;
  /** With an example each, as in a report. */
  readonly examples?: boolean;
  readonly selected?: string | undefined;
  onSelect?: ((reason: string) => void) | undefined;
}

/** What validators say, with sessions per 100 answered by week, attempts, and the change on the four weeks before. */
export function RefusalList({
  refusals,
  order,
  limit,
  heading,
  examples = false,
  selected,
  onSelect,
}: RefusalListProps) {
  const { reasons, others, weeks } = refusals;
  if (reasons.length === 0) return <p class="empty">no attempt was refused</p>;
  const growth = ({ z }: RefusalReason) => z ?? Number.NEGATIVE_INFINITY;
  const sorted = order === "growing" ? reasons.toSorted((one, other) => growth(other) - growth(one)) : reasons;
  return (
    <ol class="refusals">
      <li class="head">
        <span>{heading}</span>
        <span>by week</span>
        <span class="right">attempts</span>
        <span class="right" title="sessions per 100 answered, newest week against the four before">
          change
        </span>
      </li>
      {sorted.slice(0, limit).map((reason) => {
        const { verdict_kind, attempts, change, z } = reason;
        const rates = reason.weekly.map((sessions, week) => (100 * sessions) / (weeks[week]?.answered || 1));
        const words = `sessions of 100 answered, by week: ${rates.map((rate) => rate.toFixed(1)).join(", ")}`;
        return (
          <li key={`${verdict_kind}${reason.reason}`}>
            <Reason reason={reason} example={examples} selected={selected} onSelect={onSelect} />
            <Bars values={rates} tone={verdict_kind === "no_json" ? "nojson" : "no"} label={words} />
            <span class="right" title={`${count(attempts)} attempts of ${count(reason.sessions)} sessions`}>
              {shortCount(attempts)}
            </span>
            <span
              class={(z ?? 0) >= GREW_Z ? "right change grew" : "right change"}
              title={z === null ? undefined : `z ${z}`}
            >
              {change === null ? "–" : signed(change)}
            </span>
          </li>
        );
      })}
      {limit >= reasons.length && others.reasons > 0 && (
        <li>
          <span class="faint">{`other: ${count(others.reasons)} reasons, ${count(others.attempts)} attempts`}</span>
        </li>
      )}
    </ol>
  );
}

interface ReasonProps extends Pick<RefusalListProps, "selected" | "onSelect"> {
  readonly reason: RefusalReason;
  readonly example: boolean;
}

function Reason({ reason: { verdict_kind, reason, example }, example: shown, selected, onSelect }: ReasonProps) {
  const text = (
    <>
      <Pip letter={letterOf(verdict_kind)} />
      <span class="reason">{reason}</span>
    </>
  );
  if (onSelect === undefined) {
    return (
      <span>
        <span class="pick-text">{text}</span>
        {shown && <small class="example">{example.slice(0, EXAMPLE_MAX)}</small>}
      </span>
    );
  }
  return (
    <button
      type="button"
      class="pick"
      aria-pressed={selected === reason}
      title={example}
      onClick={() => onSelect(reason)}
    >
      {text}
    </button>
  );
}
