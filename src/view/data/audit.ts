import type { Literal } from "../../query/index.js";
import { readAudit } from "../answers/alarm.js";
import type { Audit } from "../api.js";
import type { ViewedJournal } from "./viewed_journal.js";

/** The first page comes first. */
const DELAY_MS = 1_500;

/** The audit of all accepted fills, made in the background, once and then of new rows. */
export interface BackgroundAudit {
  state(): Audit;
  close(): void;
}

/**
 * @param ids variables of the query audit; undefined without a roster
 * @param onDone called when the state has changed
 */
export function createAudit(
  journal: Pick<ViewedJournal, "ask" | "onChange">,
  ids: Readonly<Record<string, Literal>> | undefined,
  onDone: () => void,
): BackgroundAudit {
  if (ids === undefined) return { state: () => ({ state: "off" }), close() {} };
  const closing = new AbortController();
  let state: Audit = { state: "running" };
  let chain = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  async function run(from_sequence: number | undefined): Promise<void> {
    const condition = from_sequence === undefined ? "true" : `sequence >= ${from_sequence}`;
    try {
      const found = await journal.ask({ condition, signal: closing.signal }, (ask) => readAudit(ask, ids ?? {}));
      state = from_sequence === undefined ? found : add(state, found);
    } catch (error) {
      if (closing.signal.aborted) return;
      state = { state: "failed", message: error instanceof Error ? error.message : String(error) };
    }
    onDone();
  }

  const end = journal.onChange((from_sequence) => {
    if (from_sequence !== undefined && timer === undefined) chain = chain.then(() => run(from_sequence));
    if (from_sequence !== undefined) return;
    state = { state: "running" };
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      chain = chain.then(() => run(undefined));
    }, DELAY_MS);
  });
  return {
    state: () => state,
    close() {
      closing.abort();
      clearTimeout(timer);
      end();
    },
  };
}

function add(all: Audit, added: Audit): Audit {
  if (all.state !== "done" || added.state !== "done") return all;
  const { counts } = all;
  return {
    state: "done",
    accepted_fills: all.accepted_fills + added.accepted_fills,
    counts: {
      confirmed_ungrounded: counts.confirmed_ungrounded + added.counts.confirmed_ungrounded,
      claimed_grounded: counts.claimed_grounded + added.counts.claimed_grounded,
      claimed_ungrounded: counts.claimed_ungrounded + added.counts.claimed_ungrounded,
      never_checked: counts.never_checked + added.counts.never_checked,
      no_ids: counts.no_ids + added.counts.no_ids,
    },
  };
}
