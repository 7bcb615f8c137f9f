/** What a campaign has sent, and what became of it. */

/**
 * @typedef {object} Ledger
 * @property {Map<string, number>} acknowledged  session id → sequence
 * @property {Map<string, import("./records.mjs").Sendable>} open  sent, and not acknowledged so far
 * @property {number} duplicates  replies that said `duplicate`
 * @property {string[]} broken  replies that cannot be true
 * @property {(record: import("./records.mjs").Sendable) => void} send
 * @property {(reply: { session_id: string, sequence: number, duplicate: boolean }) => void} acknowledge
 */

/**
 * @param {Ledger} [before]  what is known already; it is not changed
 * @returns {Ledger}
 */
export function createLedger(before) {
  const acknowledged = new Map(before?.acknowledged);
  const open = new Map(before?.open);
  const ledger = { acknowledged, open, duplicates: 0, broken: [], send, acknowledge };

  function send(record) {
    if (!acknowledged.has(record.session_id)) open.set(record.session_id, record);
  }

  function acknowledge({ session_id, sequence, duplicate }) {
    const before = acknowledged.get(session_id);
    if (duplicate) ledger.duplicates += 1;
    if (before !== undefined && (before !== sequence || !duplicate)) {
      ledger.broken.push(`${session_id} was acknowledged as ${before}, then as ${sequence}, duplicate ${duplicate}`);
    }
    open.delete(session_id);
    acknowledged.set(session_id, sequence);
  }

  return ledger;
}
