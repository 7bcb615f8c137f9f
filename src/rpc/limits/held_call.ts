import type { RpcStatus } from "../errors.js";
import type { ConnectionCredentials } from "../security/credentials.js";
import type { Admission, Lane, Ticket } from "./admission.js";
import type { TurnShare, Turns } from "./turns.js";

/** What a call needs of its connection. */
export interface CallHost extends TurnShare {
  /** The other side's address; "" for a Unix socket. */
  readonly peer: string;
  /** What the client has shown of itself. */
  readonly credentials: ConnectionCredentials;
  /** Credentials were wrong. A connection where that happens often is cut. */
  refused(): void;
  readonly turns: Turns;
  readonly admission: Admission;
  readonly lane: Lane;
  /** How much a message may have, unpacked. */
  readonly message_bytes_max: number;
  /** Bytes of the body were read. */
  received(bytes: number): void;
  /** Of the last sweep: exact enough for timeouts, and free. */
  now_ms(): number;
  /** Hands a request to its handler, now or once an earlier answer was taken; what it returns says that its own was taken. */
  handle(path: string, start: () => void): () => void;
  /** See Callers. */
  pass(stream: object, metadata: object): void;
  /** Counts a call that has come; or why it is refused. */
  begin(call: HeldCall, metadata_bytes: number): RpcStatus | undefined;
  /** A call ends, as its message does not unpack. */
  corrupt(): void;
  /** The call is over, and what it sent was taken. */
  end(call: HeldCall): void;
}

/** A call that limits hold to its time. */
export interface HeldCall {
  /** As gRPC names it: /package.Service/Method. */
  readonly path: string;
  readonly progress: CallProgress;
  /** Ends the call with a status, and reads no more of it. */
  refuse(refusal: RpcStatus): void;
  /** Drops what was not sent of the answer. */
  reset(): void;
}

/** How far a call is. */
export class CallProgress {
  ticket: Ticket | undefined;
  was_reset = false;
  readonly #host: CallHost;
  #sending = false;
  #since_ms = 0;

  constructor(host: CallHost) {
    this.#host = host;
  }

  /** It waits, and nothing of it has been read. */
  get unread(): boolean {
    return this.ticket !== undefined && !this.ticket.admitted && this.#host.lane.blocked.has(this.ticket);
  }

  /** How long its body has been on its way, but for the time that it had to wait. */
  readingFor(now_ms: number): number {
    return this.ticket?.reading ? now_ms - this.#since_ms : 0;
  }

  /** How long its answer, or its reset, has been on its way. */
  sendingFor(now_ms: number): number {
    return this.#sending ? now_ms - this.#since_ms : 0;
  }

  beginReading(): void {
    this.#since_ms = this.#host.now_ms();
  }

  beginSending(): void {
    this.#sending = true;
    this.#since_ms = this.#host.now_ms();
  }

  beginReset(): void {
    this.was_reset = true;
    this.#since_ms = this.#host.now_ms();
  }
}
