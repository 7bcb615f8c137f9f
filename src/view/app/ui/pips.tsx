interface Kind {
  readonly mark: string;
  readonly style: string;
  readonly words: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  v: { mark: "✗", style: "no", words: "refused by the validator" },
  n: { mark: "∅", style: "nojson", words: "no JSON" },
  a: { mark: "✓", style: "ok", words: "accepted" },
  i: { mark: "!", style: "infra", words: "infrastructure error" },
};
const OTHER: Kind = { mark: "?", style: "none", words: "another verdict" };

const LETTERS: Readonly<Record<string, string>> = {
  validation_failed: "v",
  no_json: "n",
  accepted: "a",
  infra_error: "i",
};

/** The letter of an attempt's verdict_kind, as in SessionLine.attempts. */
export const letterOf = (verdict_kind: string): string => LETTERS[verdict_kind] ?? "?";

/** One attempt as a mark; its words are for those who do not see it. */
export function Pip({ letter }: { letter: string }) {
  const { mark, style, words } = KINDS[letter] ?? OTHER;
  return (
    <i class={`pip ${style}`} title={words}>
      {mark}
    </i>
  );
}

/** In a list, beyond these attempts only their number. */
const SHOWN_MAX = 4;

interface PipsProps {
  /** A letter an attempt. */
  readonly letters: string;
  /** Empty places up to this many attempts. */
  readonly places?: number;
  /** All attempts, when there are more than letters. */
  readonly total?: number;
}

/** A session's attempts in a row: `✗∅✓`. */
export function Pips({ letters, places = 0, total = letters.length }: PipsProps) {
  const shown = [...(total > SHOWN_MAX ? letters.slice(-SHOWN_MAX + 1) : letters)];
  const empty = Math.max(0, Math.min(SHOWN_MAX, places) - shown.length);
  const words = [...letters].map((letter) => (KINDS[letter] ?? OTHER).words).join(", ");
  return (
    <span class="pips" role="img" aria-label={total === 0 ? "no attempts" : `${total} attempts: ${words}`}>
      {total > SHOWN_MAX && <i class="pip none">…</i>}
      {shown.map((letter, index) => (
        <Pip key={`${index}${letter}`} letter={letter} />
      ))}
      {total <= SHOWN_MAX && Array.from({ length: empty }, (_, index) => <i key={index} class="pip none" />)}
    </span>
  );
}

/** `exhausted` of max_iter_exhausted. */
export const verdictText = (verdict: string): string =>
  verdict === "max_iter_exhausted" ? "exhausted" : verdict.replaceAll("_", " ");

/** What the daemon said of the roster, in a list. */
export function Stamp({ kind, verdict, grounded }: { kind: string; verdict: string; grounded: boolean | null }) {
  if (verdict !== "accepted") return <span class="faint">–</span>;
  if (grounded === true) return <span class="stamp ok">grounded</span>;
  if (grounded === false) return <span class="stamp bad">▼ ungrounded</span>;
  return kind === "fill" ? <span class="stamp warn">▽ unchecked</span> : <span class="faint">not checked</span>;
}
