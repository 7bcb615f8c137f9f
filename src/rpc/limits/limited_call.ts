import { constants, type ServerHttp2Stream } from "node:http2";
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import type { RpcStatus } from "../errors.js";
import type { Gate } from "./admission.js";
import { blameClient, isCompressed, metadataBytes } from "./grpc_call.js";
import { type CallHost, CallProgress, type HeldCall } from "./held_call.js";

type Listener = Parameters<ServerInterceptingCall["start"]>[0];
type Message = Parameters<Listener["onReceiveMessage"]>[0];

type Method = Parameters<ServerInterceptor>[0];

/**
 * A call that is read only once it is admitted. It stands between grpc-js and the handler, in both directions; a class,
 * as each call makes one.
 */
export class LimitedCall extends ServerInterceptingCall implements Gate, HeldCall {
  readonly path: string;
  readonly progress: CallProgress;
  /** A streaming method holds no place once its request is read; what it sends is bounded elsewhere. */
  readonly #streams: boolean;
  readonly #next: ServerInterceptingCallInterface;
  readonly #stream: ServerHttp2Stream;
  readonly #host: CallHost;
  #listener: Listener | undefined;
  #answerTaken: (() => void) | undefined;
  /** The handler waits for a message. */
  #wants_read = false;
  #refused = false;
  #ended = false;

  constructor(method: Method, next: ServerInterceptingCallInterface, stream: ServerHttp2Stream, host: CallHost) {
    super(next);
    this.path = method.path;
    this.#streams = method.responseStream && !method.requestStream;
    this.#next = next;
    this.#stream = stream;
    this.#host = host;
    this.progress = new CallProgress(host);
  }

  refuse(refusal: RpcStatus): void {
    this.#refused = true;
    this.#next.sendStatus(refusal);
    this.#stream.close(constants.NGHTTP2_NO_ERROR);
  }

  reset(): void {
    this.progress.beginReset();
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  // Gate

  resume(): void {
    this.progress.beginReading();
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
    if (this.progress.ticket === undefined) {
      this.#wants_read = true;
      const compressed = isCompressed(this.#next);
      if (compressed) blameClient(this.#next, () => this.#host.corrupt());
      this.progress.ticket = admission.enter(lane, this, compressed ? message_bytes_max : 0);
    } else if (lane.blocked.has(this.progress.ticket)) this.#wants_read = true;
    else this.#next.startRead();
  }

  override sendMetadata(metadata: Metadata): void {
    this.#next.sendMetadata(metadata);
  }

  override sendMessage(message: Message, callback: () => void): void {
    if (!this.#streams) this.progress.beginSending();
    this.#next.sendMessage(message, callback);
  }

  override sendStatus(partial: Parameters<ServerInterceptingCall["sendStatus"]>[0]): void {
    this.progress.beginSending();
    this.#next.sendStatus(partial);
  }

  // What grpc-js calls

  onReceiveMetadata(metadata: Metadata): void {
    const refusal = this.#host.begin(this, metadataBytes(metadata));
    if (refusal !== undefined) {
      this.refuse(refusal);
      return;
    }
    this.#host.pass(this.#stream, metadata);
    this.#stream.on("data", (chunk: Buffer) => {
      this.#host.received(chunk.length);
      if (this.progress.ticket !== undefined) this.#host.admission.grow(this.progress.ticket, chunk.length);
    });
    this.#listener?.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: Message): void {
    if (this.#refused) return;
    if (this.progress.ticket !== undefined && isCompressed(this.#next) && Buffer.isBuffer(message)) {
      this.#host.admission.unpacked(this.progress.ticket, message.length);
    }
    this.#listener?.onReceiveMessage(message);
  }

  onReceiveHalfClose(): void {
    // grpc-js ends a call whose message is too large before its body has ended.
    if (this.#refused || this.#ended) return;
    const { admission } = this.#host;
    if (this.progress.ticket !== undefined) {
      if (this.#streams) admission.leave(this.progress.ticket);
      else admission.complete(this.progress.ticket);
    }
    this.#answerTaken = this.#host.handle(this.path, () => this.#listener?.onReceiveHalfClose());
  }

  onCancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.progress.ticket !== undefined) this.#host.admission.leave(this.progress.ticket);
    this.#host.end(this);
    this.#answerTaken?.();
    this.#listener?.onCancel();
  }
}
