/**
 * Which calls are read: a pure object over sizes. Each connection is a lane. A call is admitted, and read on, while its
 * lane's pending bytes (read and not yet answered) are below a limit; the lane's oldest incomplete call is always read, so
 * that a lane never stops by itself. When all lanes together have too much pending, each has still a share of its own, and
 * one lane after the other gets a turn to read its oldest call.
 */

/** The stream of a call. */
export interface Gate {
  /** Reads. */
  resume(): void;
  /** Stops reading: flow control holds the sender. */
  pause(): void;
}

/** May change: they are read when they are needed. */
export interface AdmissionLimits {
  /** Admitted calls of a lane. */
  readonly lane_calls_max: number;
  readonly lane_bytes_max: number;
  readonly total_bytes_max: number;
  /** What a lane may have pending, however much the others have. */
  readonly share_bytes: number;
}

/** A connection. Its fields are written here only. */
export interface Lane {
  pending_bytes: number;
  /** Admitted calls. */
  places: number;
  /** Calls whose body has not been read, oldest first. */
  readonly incomplete: Set<Ticket>;
  /** Those of them that wait. */
  readonly blocked: Set<Ticket>;
}

/** A call. Its fields are written here only. */
export interface Ticket {
  readonly lane: Lane;
  readonly gate: Gate;
  /** It holds a place. */
  admitted: boolean;
  /** Its body is being read now. */
  reading: boolean;
  /** What was read of it, and what it may grow by at once: counted once it is admitted. */
  bytes: number;
}

export interface Admission {
  /** Of all lanes. */
  readonly pending_bytes: number;
  /** Calls that wait: unread, or in the midst of their body. */
  readonly waiting: number;
  openLane(): Lane;
  /**
   * A call has come: resumes its stream, now or later.
   *
   * @param reserve_bytes how much it may grow by at once, where reading cannot be stopped: when it is unpacked
   */
  enter(lane: Lane, gate: Gate, reserve_bytes: number): Ticket;
  /** Bytes of the body were read. May pause the stream. */
  grow(ticket: Ticket, bytes: number): void;
  /** The message takes this many bytes unpacked; nothing is reserved for it any longer. */
  unpacked(ticket: Ticket, bytes: number): void;
  /** The body has been read. */
  complete(ticket: Ticket): void;
  /** The call holds no place and no bytes any longer: it has ended, or it is a stream whose request has been read. */
  leave(ticket: Ticket): void;
  /** Gives the turn to the next lane. To be called now and then: a lane that reads slowly must not keep it, and limits may change. */
  rotate(): void;
}

export function createAdmission(limits: AdmissionLimits): Admission {
  /** Lanes with calls that wait, in the order of their turns. */
  const queue = new Set<Lane>();
  let turn: Lane | undefined;
  let pending_bytes = 0;
  let waiting = 0;

  function add(lane: Lane, bytes: number): void {
    lane.pending_bytes += bytes;
    pending_bytes += bytes;
  }

  /** @param more_bytes what is reserved when it is admitted */
  function mayRead(ticket: Ticket, more_bytes: number): boolean {
    const { lane } = ticket;
    if (lane.pending_bytes + more_bytes < limits.share_bytes) return true;
    const [oldest] = lane.incomplete;
    if (pending_bytes < limits.total_bytes_max) return lane.pending_bytes < limits.lane_bytes_max || oldest === ticket;
    turn ??= lane;
    return turn === lane && oldest === ticket;
  }

  /** Reads the call if it may be read now. */
  function tryRead(ticket: Ticket): boolean {
    const { lane, admitted } = ticket;
    if (!admitted && lane.places >= limits.lane_calls_max) return false;
    if (!mayRead(ticket, admitted ? 0 : ticket.bytes)) return false;
    if (!admitted) {
      ticket.admitted = true;
      lane.places += 1;
      add(lane, ticket.bytes);
    }
    ticket.reading = true;
    ticket.gate.resume();
    return true;
  }

  function block(ticket: Ticket): void {
    ticket.reading = false;
    ticket.lane.blocked.add(ticket);
    queue.add(ticket.lane);
    waiting += 1;
  }

  function unblock(ticket: Ticket): void {
    if (!ticket.lane.blocked.delete(ticket)) return;
    waiting -= 1;
    if (ticket.lane.blocked.size === 0) queue.delete(ticket.lane);
  }

  /** Lets a lane's calls read as far as they may, oldest first; it goes to the end of the queue. */
  function wake(lane: Lane): void {
    queue.delete(lane);
    queue.add(lane);
    for (const ticket of lane.incomplete) {
      if (!lane.blocked.has(ticket)) continue;
      if (!tryRead(ticket)) return;
      unblock(ticket);
    }
  }

  /** Bytes or a place of a lane have become free. */
  function freed(lane: Lane, pending_before: number): void {
    if (turn === lane) turn = undefined;
    if (lane.blocked.size > 0) wake(lane);
    if (pending_before < limits.total_bytes_max) return;
    for (const next of [...queue]) wake(next);
  }

  return {
    get pending_bytes() {
      return pending_bytes;
    },
    get waiting() {
      return waiting;
    },
    openLane: () => ({ pending_bytes: 0, places: 0, incomplete: new Set(), blocked: new Set() }),
    enter(lane, gate, reserve_bytes) {
      const ticket = { lane, gate, admitted: false, reading: false, bytes: reserve_bytes };
      lane.incomplete.add(ticket);
      if (!tryRead(ticket)) block(ticket);
      return ticket;
    },
    grow(ticket, bytes) {
      // What comes after a refusal is dropped.
      if (!ticket.admitted) return;
      ticket.bytes += bytes;
      add(ticket.lane, bytes);
      if (!ticket.reading || mayRead(ticket, 0)) return;
      block(ticket);
      ticket.gate.pause();
    },
    unpacked(ticket, bytes) {
      if (!ticket.admitted) return;
      const before = pending_bytes;
      add(ticket.lane, bytes - ticket.bytes);
      ticket.bytes = bytes;
      freed(ticket.lane, before);
    },
    complete(ticket) {
      const before = pending_bytes;
      ticket.reading = false;
      ticket.lane.incomplete.delete(ticket);
      unblock(ticket);
      freed(ticket.lane, before);
    },
    leave(ticket) {
      const { lane } = ticket;
      const before = pending_bytes;
      ticket.reading = false;
      lane.incomplete.delete(ticket);
      unblock(ticket);
      if (ticket.admitted) {
        ticket.admitted = false;
        lane.places -= 1;
        add(lane, -ticket.bytes);
      }
      ticket.bytes = 0;
      freed(lane, before);
    },
    rotate() {
      turn = undefined;
      const [next] = queue;
      if (next === undefined) return;
      if (pending_bytes >= limits.total_bytes_max) wake(next);
      else for (const lane of [...queue]) wake(lane);
    },
  };
}
