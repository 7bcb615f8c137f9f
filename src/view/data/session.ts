import { type Literal, literal, type Select } from "../../query/index.js";
import { type Ask, numberOf, textOf, timeOf, timeSql } from "../answers/ask.js";
import { rawOf, readReplayRuns, readRosterLookup, sessionBody } from "../answers/session_detail.js";
import type { SessionDetail } from "../api.js";
import type { ViewedJournal } from "./viewed_journal.js";

/** Nothing has that id, or that name. */
export class NotFound extends Error {
  override readonly name = "NotFound";
}

/** Several ids begin so. */
export class Ambiguous extends Error {
  override readonly name = "Ambiguous";
}

/** Runs `work` over the sessions that pass a condition. */
export type Asker = <T>(condition: string, work: (ask: Ask, select: Select) => Promise<T>) => Promise<T>;

interface Parts {
  readonly journal: Pick<ViewedJournal, "row" | "state">;
  /** Variables of the query audit; undefined without a roster. */
  readonly ids: Readonly<Record<string, Literal>> | undefined;
  /** Whether there is the table of replay runs. */
  readonly replay: boolean;
}

const IDS_MAX = 10;

/**
 * A session by its id, or by a beginning that no other has; of several rows with one id the newest.
 *
 * @throws NotFound, Ambiguous, and as `asker`
 */
export async function readSession(
  id: string,
  asker: Asker,
  { journal, ids, replay }: Parts,
): Promise<Omit<SessionDetail, "asked" | "langfuse_url" | "command">> {
  const { sequence, session_id, also } = await findSession(id, asker);
  return asker(`sequence = ${sequence}`, async (ask) => {
    const copied = journal.state().compacted === 0 ? undefined : await readCopied(ask, sequence);
    const bytes = copied === undefined ? await journal.row(sequence) : undefined;
    if (copied === undefined && bytes === undefined) throw new NotFound(`the row of ${session_id} is gone`);
    return {
      ...sessionBody(copied ?? Object(JSON.parse(String(bytes))), sequence),
      ...rawOf(bytes),
      roster: ids === undefined ? null : await readRosterLookup(ask, ids),
      replay_runs: replay ? await readReplayRuns(ask, session_id) : null,
      also,
    };
  });
}

/** Where a session is, and the sequences of further rows of its id. Throws NotFound and Ambiguous. */
export async function findSession(id: string, asker: Asker) {
  const matches = await asker(`starts_with(session_id, ${literal(id)})`, (ask) =>
    ask(`
      SELECT session_id, sequence FROM sessions
      ORDER BY session_id <> ${literal(id)}, sequence DESC LIMIT ${IDS_MAX + 1}`),
  );
  const session_id = textOf(matches[0]?.session_id);
  if (matches.length === 0) throw new NotFound(`no session has an id that begins with ${id}`);
  const ids = [...new Set(matches.map((match) => textOf(match.session_id)))];
  if (ids.length > 1 && session_id !== id) {
    const shown = ids.slice(0, IDS_MAX).join(", ") + (ids.length > IDS_MAX ? ", …" : "");
    throw new Ambiguous(`several ids begin with ${id}: ${shown}`);
  }
  const own = matches.filter((match) => match.session_id === session_id).map((match) => numberOf(match.sequence));
  const [sequence = 0, ...also] = own;
  return { sequence, session_id, also };
}

/** A row that is read from Parquet: all of it, without its segment being inflated. */
async function readCopied(ask: Ask, sequence: number) {
  const [row] = await ask(
    `SELECT * REPLACE (${timeSql("timestamp")} AS timestamp) FROM copied_rows WHERE sequence = ${sequence}`,
  );
  return row === undefined ? undefined : { ...row, timestamp: timeOf(row.timestamp) };
}
