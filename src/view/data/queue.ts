/** Too many requests wait. */
export class Busy extends Error {
  override readonly name = "Busy";
}

/** Places that are lent to one work at a time each; others wait in the order in which they came. */
export interface Queue<Place> {
  /** Rejects with Busy at once when too many wait, and with the signal's reason when it is aborted meanwhile. */
  use<T>(signal: AbortSignal, work: (place: Place) => Promise<T>): Promise<T>;
}

/** @param waiting_max works that may wait */
export function createQueue<Place>(places: readonly Place[], waiting_max: number): Queue<Place> {
  const free = [...places];
  const waiting = new Set<(place: Place) => void>();

  function take(signal: AbortSignal): Promise<Place> {
    signal.throwIfAborted();
    const place = free.pop();
    if (place !== undefined) return Promise.resolve(place);
    if (waiting.size >= waiting_max) throw new Busy("too many requests wait: try again in a second");
    return new Promise((resolve, reject) => {
      const abort = () => {
        waiting.delete(turn);
        reject(signal.reason);
      };
      const turn = (place: Place) => {
        signal.removeEventListener("abort", abort);
        resolve(place);
      };
      waiting.add(turn);
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  function giveBack(place: Place): void {
    const [next] = waiting;
    if (next === undefined) free.push(place);
    else {
      waiting.delete(next);
      next(place);
    }
  }

  return {
    async use(signal, work) {
      const place = await take(signal);
      try {
        return await work(place);
      } finally {
        giveBack(place);
      }
    },
  };
}
