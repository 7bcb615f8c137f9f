import type { Share, WeekShare } from "../api.js";

/** Of the 95 % interval. */
const Z_95 = 1.96;
const WEEK_MS = 7 * 86_400_000;
/** A week is compared with the four before, as in model-regressions. */
const WEEKS_BEFORE = 4;
/** Fewer sessions show nothing. */
const SESSIONS_MIN = 20;

/** Numbers of a week; `week` is its Monday, "2026-10-05". */
export interface WeekNumbers {
  readonly week: string;
  readonly answered: number;
  readonly first_shot: number;
}

/** The share with its 95 % interval (Wilson), rounded as the queries round. */
export function shareOf({ answered, first_shot }: Pick<WeekNumbers, "answered" | "first_shot">): Share {
  if (answered === 0) return { answered, first_shot, share: null, low: null, high: null };
  const share = first_shot / answered;
  const scale = 1 + Z_95 ** 2 / answered;
  const centre = (share + Z_95 ** 2 / (2 * answered)) / scale;
  const margin = (Z_95 * Math.sqrt((share * (1 - share)) / answered + Z_95 ** 2 / (4 * answered ** 2))) / scale;
  return { answered, first_shot, share: round(share), low: round(centre - margin), high: round(centre + margin) };
}

/** Each week with its change against the four weeks before. Weeks without answered sessions have no share. */
export function weekShares(weeks: readonly WeekNumbers[]): readonly WeekShare[] {
  const by_week = new Map(weeks.map((each) => [each.week, each]));
  return weeks.map((numbers) => {
    const before = { answered: 0, first_shot: 0 };
    for (let back = 1; back <= WEEKS_BEFORE; back++) {
      const { answered = 0, first_shot = 0 } = by_week.get(dayText(Date.parse(numbers.week) - back * WEEK_MS)) ?? {};
      before.answered += answered;
      before.first_shot += first_shot;
    }
    const z = zOfShares(numbers, before);
    const enough = Math.min(numbers.answered, before.answered) >= SESSIONS_MIN;
    return {
      week: numbers.week,
      ...shareOf(numbers),
      share_before: shareOf(before).share,
      answered_before: before.answered,
      z,
      fell: z !== null && z <= -2 && enough,
    };
  });
}

type Numbers = Pick<WeekNumbers, "answered" | "first_shot">;

/** The two-proportion z of a change, to one digit; null when there is nothing to compare. */
export function zOfShares(now: Numbers, before: Numbers): number | null {
  if (now.answered === 0 || before.answered === 0) return null;
  const pooled = (now.first_shot + before.first_shot) / (now.answered + before.answered);
  const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / now.answered + 1 / before.answered));
  const change = now.first_shot / now.answered - before.first_shot / before.answered;
  return deviation > 0 ? Math.round((change / deviation) * 10) / 10 : null;
}

const round = (share: number): number => Math.round(share * 10_000) / 10_000;

/** The Monday of a day's week. */
export function weekOf(day: string): string {
  const time = Date.parse(day);
  const since_monday = (new Date(time).getUTCDay() + 6) % 7;
  return dayText(time - since_monday * 86_400_000);
}

/** "2026-10-05", in UTC. */
export const dayText = (time_ms: number): string => new Date(time_ms).toISOString().slice(0, 10);
