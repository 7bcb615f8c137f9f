import { constants, type ServerHttp2Stream } from "node:http2";
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import type { RpcStatus } from "../errors.js";
import type { Admission, Gate, Lane, Ticket } from "./admission.js";
import { blameClient, isCompressed } from "./grpc_call.js";
import type { TurnShare, Turns } from "./turns.js";

type Listener = Parameters<ServerInterceptingCall["start"]>[0];
type Message = Parameters<Listener["onReceiveMessage"]>[0];

type Method = Parameters<ServerInterceptor>[0];

/** What a call needs of its connection. */
export interface CallHost extends TurnShare {
  readonly turns: Turns;
  readonly admission: Admission;
  readonly lane: Lane;
  /** How much a compressed message may unpack to. */
  readonly message_bytes_max: number;
  /** Bytes of the body were read. */
  received(bytes: number): void;
  /** Of the last sweep: exact enough for timeouts, and free. */
  now_ms(): number;
  /** Hands a request to its handler, now or once an earlier answer was taken; what it returns says that its own was taken. */
  handle(path: string, start: () => void): () => void;
  /** Counts a call that has come; or why it is refused. */
  begin(call: LimitedCall, metadata: Metadata): RpcStatus | undefined;
  /** The call ends, as its message does not unpack. */
  corrupt(call: LimitedCall): void;
  /** The call is over, and what it sent was taken. */
  end(call: LimitedCall): void;
}

/**
 * A call that is read only once it is admitted. It stands between grpc-js and the handler, in both directions; a class,
 * as each call makes one.
 */
export class LimitedCall extends ServerInterceptingCall implements Gate {
  readonly path: string;
  /** A streaming method holds no place once its request is read; what it sends is bounded elsewhere. */
  readonly #streams: boolean;
  readonly #next: ServerInterceptingCallInterface;
  readonly #stream: ServerHttp2Stream;
  readonly #host: CallHost;
  #listener: Listener | undefined;
  #ticket: Ticket | undefined;
  #answerTaken: (() => void) | undefined;
  /** The handler waits for a message. */
  #wants_read = false;
  #refused = false;
  #ended = false;
  #sending = false;
  #reset = false;
  #since_ms = 0;

  constructor(method: Method, next: ServerInterceptingCallInterface, stream: ServerHttp2Stream, host: CallHost) {
    super(next);
    this.path = method.path;
    this.#streams = method.responseStream && !method.requestStream;
    this.#next = next;
    this.#stream = stream;
    this.#host = host;
  }

  /** It waits, and nothing of it has been read. */
  get unread(): boolean {
    return this.#ticket !== undefined && !this.#ticket.admitted && this.#host.lane.blocked.has(this.#ticket);
  }

  /** How long its body has been on its way, but for the time that it had to wait. */
  readingFor(now_ms: number): number {
    return this.#ticket?.reading ? now_ms - this.#since_ms : 0;
  }

  /** How long its answer, or its reset, has been on its way. */
  sendingFor(now_ms: number): number {
    return this.#sending ? now_ms - this.#since_ms : 0;
  }

  get wasReset(): boolean {
    return this.#reset;
  }

  /** Ends the call with a status, and reads no more of it. */
  refuse(refusal: RpcStatus): void {
    this.#refused = true;
    this.#next.sendStatus(refusal);
    this.#stream.close(constants.NGHTTP2_NO_ERROR);
  }

  /** Drops what was not sent of the answer. */
  reset(): void {
    this.#reset = true;
    this.#since_ms = this.#host.now_ms();
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  // Gate

  resume(): void {
    this.#since_ms = this.#host.now_ms();
    if (this.#wants_read) this.#next.startRead();
    else this.#stream.resume();
    this.#wants_read = false;
  }

  pause(): void {
    this.#stream.pause();
  }

  // What the handler calls

  override start(listener: Listener): void {
    this.#listener = listener;
    this.#host.turns.begin(this.#host, () => this.#next.start(this));
  }

  override startRead(): void {
    const { admission, lane, message_bytes_max } = this.#host;
    if (this.#ticket === undefined) {
      this.#wants_read = true;
      const compressed = isCompressed(this.#next);
      if (compressed) blameClient(this.#next, () => this.#host.corrupt(this));
      this.#ticket = admission.enter(lane, this, compressed ? message_bytes_max : 0);
    } else if (lane.blocked.has(this.#ticket)) this.#wants_read = true;
    else this.#next.startRead();
  }

  override sendMetadata(metadata: Metadata): void {
    this.#next.sendMetadata(metadata);
  }

  override sendMessage(message: Message, callback: () => void): void {
    if (!this.#streams) this.#answer();
    this.#next.sendMessage(message, callback);
  }

  override sendStatus(partial: Parameters<ServerInterceptingCall["sendStatus"]>[0]): void {
    this.#answer();
    this.#next.sendStatus(partial);
  }

  #answer(): void {
    this.#sending = true;
    this.#since_ms = this.#host.now_ms();
  }

  // What grpc-js calls

  onReceiveMetadata(metadata: Metadata): void {
    const refusal = this.#host.begin(this, metadata);
    if (refusal !== undefined) {
      this.refuse(refusal);
      return;
    }
    this.#stream.on("data", (chunk: Buffer) => {
      this.#host.received(chunk.length);
      if (this.#ticket !== undefined) this.#host.admission.grow(this.#ticket, chunk.length);
    });
    this.#listener?.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: Message): void {
    if (this.#refused) return;
    if (this.#ticket !== undefined && isCompressed(this.#next) && Buffer.isBuffer(message)) {
      this.#host.admission.unpacked(this.#ticket, message.length);
    }
    this.#listener?.onReceiveMessage(message);
  }

  onReceiveHalfClose(): void {
    if (this.#refused) return;
    const { admission } = this.#host;
    if (this.#ticket !== undefined) {
      if (this.#streams) admission.leave(this.#ticket);
      else admission.complete(this.#ticket);
    }
    this.#answerTaken = this.#host.handle(this.path, () => this.#listener?.onReceiveHalfClose());
  }

  onCancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#ticket !== undefined) this.#host.admission.leave(this.#ticket);
    this.#host.end(this);
    this.#answerTaken?.();
    this.#listener?.onCancel();
  }
}
