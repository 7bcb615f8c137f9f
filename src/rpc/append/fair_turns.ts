/** Work that is done one after the other, in turns of those who want it: who wants much waits for himself first. */
export type FairTurns = <T>(who: string, work: () => Promise<T>) => Promise<T>;

export function createFairTurns(): FairTurns {
  /** In the order of their next turns. */
  const waiting = new Map<string, (() => Promise<void>)[]>();
  let running = false;

  async function run(): Promise<void> {
    running = true;
    for (let [next] = waiting; next !== undefined; [next] = waiting) {
      const [who, [job, ...later]] = next;
      waiting.delete(who);
      if (later.length > 0) waiting.set(who, later);
      await job?.();
    }
    running = false;
  }

  return (who, work) =>
    new Promise((resolve, reject) => {
      waiting.set(who, [...(waiting.get(who) ?? []), () => work().then(resolve, reject)]);
      if (!running) void run();
    });
}
