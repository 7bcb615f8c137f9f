import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";

/** Whether there is memory for further calls. */
export interface MemoryLimit {
  readonly exceeded: boolean;
  /** Measures; to be called each 100 ms. */
  sample(): void;
}

export interface MemoryUse {
  /** Heap, and buffers outside of it. */
  readonly bytes: number;
  /** The part that is taken of the heap that V8 may have. */
  readonly heap_share: number;
}

/** The part of the machine's memory that "auto" allows. */
const AUTO_SHARE = 0.75;
/** V8 ends the process when its heap is full, however much memory there is. */
const HEAP_SHARE_MAX = 0.85;
/** Calls are accepted again below this part of a limit. */
const RELEASE_SHARE = 0.9;

/**
 * Measures what is in use, not the resident set: Node rarely gives that back.
 *
 * @param limits may change; 0: 75 % of what the cgroup or the machine has
 */
export function createMemoryLimit(
  limits: { readonly memory_limit_bytes: number },
  measure: () => MemoryUse = measureUse,
): MemoryLimit {
  const auto_bytes = AUTO_SHARE * machineBytes();
  let exceeded = false;
  return {
    get exceeded() {
      return exceeded;
    },
    sample() {
      const { bytes, heap_share } = measure();
      const part = exceeded ? RELEASE_SHARE : 1;
      const limit_bytes = limits.memory_limit_bytes || auto_bytes;
      exceeded = bytes > limit_bytes * part || heap_share > HEAP_SHARE_MAX * part;
    },
  };
}

function machineBytes(): number {
  return Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
}

function measureUse(): MemoryUse {
  const { used_heap_size, external_memory, heap_size_limit } = getHeapStatistics();
  return { bytes: used_heap_size + external_memory, heap_share: used_heap_size / heap_size_limit };
}
