/** Records that are not yet stored: bounded, in order. */

export interface RecordBuffer {
  /** Adds a record. Where there is no room, the oldest ones that are not in flight are dropped, or this one; only this
   * one where it would have no room even then. */
  put(record: Uint8Array): void;
  /** Takes the next records, at least one if there is any; they are then in flight. */
  take(records_max: number, bytes_max: number): readonly Uint8Array[];
  /** The first `count` records in flight are stored or refused. */
  settle(count: number): void;
  /** Removes and returns all records, those in flight first. */
  drain(): readonly Uint8Array[];
  /** Resolves once all records put so far are stored, refused, dropped or drained. */
  settled(): Promise<void>;
  /** Records waiting or in flight, and their bytes. */
  readonly size: { readonly records: number; readonly bytes: number };
  /** When the first of them was put; undefined when there is none. */
  readonly oldest_ms: number | undefined;
}

export interface RecordBufferOptions {
  readonly records_max: number;
  readonly bytes_max: number;
  readonly overflow: "oldest" | "newest";
  /** A record was lost. */
  onDrop(): void;
  monotonic_ms(): number;
}

interface Entry {
  readonly record: Uint8Array;
  readonly put_ms: number;
}

/** The list is rebuilt when this many places at its front are empty, and half of it. */
const EMPTY_PLACES_MAX = 1_024;

/** Invariant: records waiting and records in flight are together within both bounds. */
export function createRecordBuffer(options: RecordBufferOptions): RecordBuffer {
  const { records_max, bytes_max, overflow, onDrop, monotonic_ms } = options;
  /** Those before `head` are gone. */
  let waiting: (Entry | undefined)[] = [];
  let head = 0;
  let in_flight: Entry[] = [];
  let in_flight_bytes = 0;
  let bytes = 0;
  /** Records have consecutive numbers, and leave `waiting` at its head only. */
  let last_number = 0;
  let first_in_flight = 0;
  let listeners: { readonly last: number; resolve(): void }[] = [];

  const waitingCount = () => waiting.length - head;
  const isFull = (length: number) => waitingCount() + in_flight.length >= records_max || bytes + length > bytes_max;

  function shift(): Entry | undefined {
    const entry = waiting[head];
    if (entry === undefined) return undefined;
    waiting[head++] = undefined;
    if (head === waiting.length || (head >= EMPTY_PLACES_MAX && 2 * head >= waiting.length)) {
      waiting = waiting.slice(head);
      head = 0;
    }
    return entry;
  }

  function makeRoom(length: number): boolean {
    if (in_flight_bytes + length > bytes_max) return false;
    while (overflow === "oldest" && isFull(length)) {
      const entry = shift();
      if (entry === undefined) return false;
      bytes -= entry.record.length;
      onDrop();
    }
    return !isFull(length);
  }

  function notifySettled(): void {
    if (listeners.length === 0) return;
    const oldest = in_flight.length > 0 ? first_in_flight : last_number - waitingCount() + 1;
    for (const { last, resolve } of listeners) if (last < oldest) resolve();
    listeners = listeners.filter(({ last }) => last >= oldest);
  }

  return {
    put(record) {
      if (isFull(record.length) && !makeRoom(record.length)) {
        onDrop();
        return;
      }
      waiting.push({ record, put_ms: monotonic_ms() });
      bytes += record.length;
      last_number++;
    },

    take(take_records, take_bytes) {
      const entries: Entry[] = [];
      let taken = 0;
      first_in_flight = last_number - waitingCount() + 1;
      while (entries.length < take_records) {
        const next = waiting[head];
        if (next === undefined || (entries.length > 0 && taken + next.record.length > take_bytes)) break;
        taken += next.record.length;
        entries.push(next);
        shift();
      }
      in_flight = entries;
      in_flight_bytes = taken;
      return entries.map(({ record }) => record);
    },

    settle(count) {
      const settled = in_flight.splice(0, count);
      for (const { record } of settled) {
        bytes -= record.length;
        in_flight_bytes -= record.length;
      }
      first_in_flight += settled.length;
      notifySettled();
    },

    drain() {
      const entries = [...in_flight, ...waiting.slice(head).filter((entry) => entry !== undefined)];
      in_flight = [];
      in_flight_bytes = 0;
      waiting = [];
      head = 0;
      bytes = 0;
      notifySettled();
      return entries.map(({ record }) => record);
    },

    settled() {
      return new Promise((resolve) => {
        listeners.push({ last: last_number, resolve });
        notifySettled();
      });
    },

    get size() {
      return { records: waitingCount() + in_flight.length, bytes };
    },

    get oldest_ms() {
      return (in_flight[0] ?? waiting[head])?.put_ms;
    },
  };
}
