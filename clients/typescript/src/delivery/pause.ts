/** A wait that can be cut short. */
export interface Pause {
  /** Resolves after so long, or when `wake` is called. It does not keep the process alive. */
  wait(duration_ms: number): Promise<void>;
  wake(): void;
}

export function createPause(): Pause {
  let end: () => void = () => undefined;
  return {
    wait: (duration_ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, duration_ms).unref();
        end = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    wake: () => end(),
  };
}
