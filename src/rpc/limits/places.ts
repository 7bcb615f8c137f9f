/** Places that work holds from its start until it is released; further work waits for one, in order. */
export interface Places {
  /** Starts work, now or once a place is free. Returns what releases its place, or takes it out of the queue. */
  take(start: () => void): () => void;
}

export function createPlaces(places_max: number): Places {
  const waiting = new Set<() => void>();
  let taken = 0;

  function release(): void {
    const [next] = waiting;
    if (next === undefined) {
      taken -= 1;
      return;
    }
    waiting.delete(next);
    next();
  }

  return {
    take(start) {
      if (taken < places_max) {
        taken += 1;
        start();
      } else waiting.add(start);
      return () => {
        if (!waiting.delete(start)) release();
      };
    },
  };
}
