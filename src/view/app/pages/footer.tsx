import type { JournalState } from "../../api.js";
import { count, counted, minuteText } from "../text/format.js";

interface FooterProps {
  readonly journal: JournalState | undefined;
  /** What the page's answers took. */
  readonly asked: { readonly queries: number; readonly ms: number } | undefined;
  onKeys(): void;
}

const HINTS = [
  ["j", "k", "move"],
  ["↵", "open"],
  ["f", "filters"],
  ["/", "find"],
  ["l", "live"],
  ["a", "alarm"],
] as const;

/** Keys, and what is read. */
export function Footer({ journal, asked, onKeys }: FooterProps) {
  return (
    <footer class="foot">
      {HINTS.map((hint) => (
        <span key={hint.join()} class="key-hints">
          {hint.slice(0, -1).map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}{" "}
          {hint.at(-1)}
        </span>
      ))}
      <button type="button" class="link" onClick={onKeys}>
        <kbd>?</kbd> all keys
      </button>
      <span class="space" />
      <span class="facts">
        {journal !== undefined && <Facts journal={journal} />}
        {asked !== undefined &&
          `; ${counted(asked.queries, "query").replace("querys", "queries")} in ${count(asked.ms)} ms`}
      </span>
    </footer>
  );
}

function Facts({ journal: { rows, segments, compacted, newest } }: { journal: JournalState }) {
  const read = segments === 0 ? "" : `, ${counted(segments, "segment")}, compacted ${count(compacted)}`;
  return (
    <>
      <b>{count(rows)}</b>
      {` rows${read}${newest === null ? "" : `, newest ${minuteText(newest)} UTC`}`}
    </>
  );
}
