/** Spreads the calls of a connection over turns of the event loop: others get theirs in between. */
export interface Turns {
  /** Begins a call, now or in a later turn. */
  begin(share: TurnShare, start: () => void): void;
}

/** A connection's part. Its fields are written here only. */
export interface TurnShare {
  turn: number;
  begun: number;
  readonly later: (() => void)[];
}

export function createTurnShare(): TurnShare {
  return { turn: 0, begun: 0, later: [] };
}

/**
 * @param calls_max of one share in one turn
 * @param nextTurn calls back in the next turn of the event loop
 */
export function createTurns(calls_max: number, nextTurn: (callback: () => void) => unknown = setImmediate): Turns {
  const waiting = new Set<TurnShare>();
  let turn = 0;
  let scheduled = false;

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    nextTurn(advance);
  }

  function advance(): void {
    scheduled = false;
    turn += 1;
    for (const share of waiting) {
      share.turn = turn;
      const due = share.later.splice(0, calls_max);
      share.begun = due.length;
      if (share.later.length === 0) waiting.delete(share);
      for (const start of due) start();
    }
    if (waiting.size > 0) schedule();
  }

  return {
    begin(share, start) {
      if (share.turn !== turn) {
        share.turn = turn;
        share.begun = 0;
      }
      schedule();
      if (share.begun < calls_max && share.later.length === 0) {
        share.begun += 1;
        start();
      } else {
        share.later.push(start);
        waiting.add(share);
      }
    },
  };
}
