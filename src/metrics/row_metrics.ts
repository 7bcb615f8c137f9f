import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import type { Registry } from "prom-client";
import type { Identity } from "../config/auth_file.js";
import type { RefusalReason, RpcObserver } from "../rpc/observer.js";
import { addCounter, type Tally } from "./series.js";

const VERDICTS: readonly string[] = sessionSchema.properties.final_verdict.enum;
/** Complete, as the type demands. */
const REASONS: Readonly<Record<RefusalReason, true>> = {
  REQUIRED: true,
  TOO_LONG: true,
  INVALID_FORMAT: true,
  NOT_ALLOWED: true,
  OUT_OF_RANGE: true,
  TOO_DEEP: true,
  NOT_FINITE: true,
  INVALID_ENCODING: true,
  INCONSISTENT: true,
  daemon_denied: true,
};

export interface RowMetrics extends Pick<RpcObserver, "recordRefused" | "rowAppended"> {
  /** Those who may append; undefined when everyone may. Their series begin at 0, so that an increase shows the first one. */
  expect(identities: readonly Identity[] | undefined): void;
}

/** @param kinds  those that records may have */
export function addRowMetrics(registry: Registry, kinds: readonly string[]): RowMetrics {
  const appended = addCounter(registry, {
    name: "sessionlog_rows_appended_total",
    help: "New rows on disk.",
    labels: ["kind", "final_verdict"],
  });
  const refused = addCounter(registry, {
    name: "sessionlog_records_refused_total",
    help: "Records that were refused, by the reason of the first violation.",
    labels: ["reason"],
  });
  const ungrounded = addCounter(registry, {
    name: "sessionlog_ungrounded_fills_total",
    help: "New accepted fills that name somebody who is not on the roster.",
    labels: ["identity"],
  });
  const unchecked = addCounter(registry, {
    name: "sessionlog_unchecked_fills_total",
    help: "New accepted fills of which nobody said whether they are grounded in the roster.",
    labels: ["identity"],
  });

  /** By kind and verdict: only those that may be, as only such rows are stored. */
  const rows = new Map<string, Map<string, Tally>>();
  function tallyOf(kind: string, final_verdict: string): Tally {
    const known = rows.get(kind)?.get(final_verdict);
    if (known !== undefined) return known;
    const tally = appended({ kind, final_verdict });
    rows.set(kind, (rows.get(kind) ?? new Map<string, Tally>()).set(final_verdict, tally));
    return tally;
  }
  for (const kind of kinds) for (const verdict of VERDICTS) tallyOf(kind, verdict);
  for (const reason of Object.keys(REASONS)) refused({ reason });

  return {
    recordRefused([reason]) {
      if (reason !== undefined) refused({ reason }).count += 1;
    },
    rowAppended({ kind, final_verdict, ungrounded: is_ungrounded, unchecked: is_unchecked }, caller) {
      tallyOf(kind, final_verdict).count += 1;
      if (is_ungrounded) ungrounded(identityLabel(caller)).count += 1;
      if (is_unchecked) unchecked(identityLabel(caller)).count += 1;
    },
    expect(identities) {
      for (const identity of identities ?? [undefined]) {
        ungrounded(identityLabel(identity));
        unchecked(identityLabel(identity));
      }
    },
  };
}

function identityLabel(caller: { readonly name: string } | undefined): { readonly identity?: string } {
  return caller === undefined ? {} : { identity: caller.name };
}
