import { GROUP_BYTES_MAX } from "./format.js";

/** The lines of one append call, which are stored together or not at all. */
export interface Request<Outcome> {
  readonly lines: readonly Uint8Array[];
  readonly bytes: number;
  settle(outcome: Outcome): void;
}

/** Requests waiting or being written; bounded in rows and in bytes. */
export interface RequestQueue<Outcome> {
  /** Waiting or being written. */
  readonly rows: number;
  readonly bytes: number;
  readonly waiting: number;
  /** False, without effect, when the request does not fit. */
  offer(request: Request<Outcome>): boolean;
  /** Takes the oldest requests that fit into one group; they count until released. */
  takeGroup(): readonly Request<Outcome>[];
  takeAll(): readonly Request<Outcome>[];
  /** Settles taken requests. */
  release(requests: readonly Request<Outcome>[], outcome: (request: Request<Outcome>) => Outcome): void;
}

export function createRequestQueue<Outcome>(rowsMax: number, bytesMax: number): RequestQueue<Outcome> {
  let waiting: Request<Outcome>[] = [];
  let rows = 0;
  let bytes = 0;
  return {
    get rows() {
      return rows;
    },
    get bytes() {
      return bytes;
    },
    get waiting() {
      return waiting.length;
    },
    offer(request) {
      if (rows + request.lines.length > rowsMax || bytes + request.bytes > bytesMax) return false;
      rows += request.lines.length;
      bytes += request.bytes;
      waiting.push(request);
      return true;
    },
    takeGroup() {
      let size = 0;
      let count = 0;
      for (const request of waiting) {
        if (count > 0 && size + request.bytes > GROUP_BYTES_MAX) break;
        size += request.bytes;
        count++;
      }
      const group = waiting.slice(0, count);
      waiting = waiting.slice(count);
      return group;
    },
    takeAll() {
      const all = waiting;
      waiting = [];
      return all;
    },
    release(requests, outcome) {
      for (const request of requests) {
        rows -= request.lines.length;
        bytes -= request.bytes;
        request.settle(outcome(request));
      }
    },
  };
}
