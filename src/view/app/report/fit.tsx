import { renderToStaticMarkup } from "preact-render-to-string";
import type { SessionDetail } from "../../api.js";
import type { Flagged, FlaggedLine, FlaggedSession, ReportData } from "../../report/report_data.js";
import { FlaggedArticle, type FlaggedPart } from "./flagged.js";

/** What a report shows of the flagged sessions. */
export interface FittedFlagged {
  readonly whole: readonly FlaggedPart[];
  readonly lines: readonly FlaggedLine[];
  /** Of all that there are. */
  readonly left_out: number;
}

/** Bytes of HTML of one session. */
const SESSION_BYTES_MAX = 16 * 1024;

/** The newest sessions whole, as long as there is room; then lines; then a number. */
export function fitFlagged(
  data: ReportData,
  room: { readonly whole_bytes: number; readonly lines: number },
): FittedFlagged {
  const { flagged, roster, bodies } = data;
  const whole: FlaggedPart[] = [];
  let bytes = 0;
  for (const session of flagged.whole) {
    const { part, size } = fitSession(session, roster, bodies);
    bytes += size;
    if (bytes > room.whole_bytes) break;
    whole.push(part);
  }
  const rest: readonly FlaggedLine[] = [...flagged.whole.slice(whole.length), ...flagged.lines];
  const lines = rest.slice(0, room.lines);
  return { whole, lines, left_out: total(flagged) - whole.length - lines.length };
}

/** All flagged sessions, also those that are not in the report. */
export const total = ({ counts }: Flagged): number => counts.reduce((sum, { sessions }) => sum + sessions, 0);

/** Cuts a session until it is short enough, and says so. */
function fitSession(flagged: FlaggedSession, roster: string | null, bodies: boolean) {
  const measure = (part: FlaggedPart) => {
    const html = renderToStaticMarkup(<FlaggedArticle part={part} roster={roster} bodies={bodies} />);
    return { part, size: new TextEncoder().encode(html).length };
  };
  let fitted = measure({ flagged, note: undefined });
  for (const { prompt, error, attempts, artifact } of CUTS) {
    if (fitted.size <= SESSION_BYTES_MAX) break;
    const { session } = flagged;
    const cut: SessionDetail = {
      ...session,
      prompt: start(session.prompt, prompt),
      attempts: session.attempts.slice(-attempts).map((attempt) => ({
        ...attempt,
        error: attempt.error === null ? null : start(attempt.error, error),
      })),
      artifact: artifact ? session.artifact : null,
    };
    fitted = measure({ flagged: { ...flagged, session: cut }, note: CUT });
  }
  return fitted;
}

const CUT = "Cut, as it is long: sessionlog show prints all of it.";

/** Code points of the prompt and of each error, newest attempts, and whether the artifact stays: step by step less. */
const CUTS = [
  { prompt: 4000, error: 300, attempts: 12, artifact: true },
  { prompt: 1500, error: 200, attempts: 8, artifact: false },
  { prompt: 300, error: 60, attempts: 3, artifact: false },
] as const;

function start(text: string, length: number): string {
  const points = [...text];
  return points.length <= length ? text : `${points.slice(0, length).join("")}…`;
}
