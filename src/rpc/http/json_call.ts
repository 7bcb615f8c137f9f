import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { Writable } from "node:stream";
import { Metadata, status } from "@grpc/grpc-js";
import { TRACE_KEYS } from "../append/trace_id.js";
import type { RpcLog } from "../call_log.js";
import type { RpcStatus } from "../errors.js";
import type { Gate } from "../limits/admission.js";
import { headerListBytes } from "../limits/header_list.js";
import { type CallHost, CallProgress, type HeldCall } from "../limits/held_call.js";
import type { Caller } from "../security/callers.js";
import { answerCall, type CallContext, type CallState, type Reply, type UnaryHandler } from "../unary.js";
import { errorJson, httpStatusOf } from "./json_answers.js";

/** A method that is called with a JSON body, and answers with what becomes JSON. Never rejects. */
export type JsonMethod = (body: Buffer, context: CallContext) => Promise<Reply<object>>;

/** Makes a handler into a method that takes and gives JSON. */
export function toJsonMethod<Request, T>(
  name: string,
  read: (body: Buffer) => Request,
  handler: UnaryHandler<Request, T>,
  print: (answer: T) => object,
  log: RpcLog,
): JsonMethod {
  const handle: UnaryHandler<Buffer, T> = (body, context) => handler(read(body), context);
  return async (body, context) => {
    const reply = await answerCall(name, handle, body, context, log);
    return reply.ok ? { ok: true, value: print(reply.value) } : reply;
  };
}

/** A request of HTTP/1.1 or HTTP/2. */
export interface Exchange {
  readonly request: IncomingMessage | Http2ServerRequest;
  readonly response: Writable & {
    readonly headersSent: boolean;
    writeHead(http_status: number, headers: OutgoingHttpHeaders): unknown;
  };
  /** The answer is the last of what happens: what still comes of the request is not waited for. */
  endWithAnswer(): void;
  /** Ends it at once, without an answer. */
  cut(): void;
}

/** A request, and on whose behalf it is served. */
export interface JsonCallParts {
  /** "" for a path that is no method's. */
  readonly path: string;
  readonly method: JsonMethod;
  readonly exchange: Exchange;
  readonly host: CallHost;
  readonly caller: Caller | undefined;
  /** Called once, when the call is over. */
  readonly ended: (code: status) => void;
}

/** Why a request is no call. */
export interface NoCall extends RpcStatus {
  readonly http_status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Of a body that is refused so much is dropped, as a multiple of the largest message; then it is cut. */
const DROPPED_SHARE_MAX = 4;

/** A call whose request and answer are JSON. It is held to the same limits as one of gRPC. */
export class JsonCall implements Gate, HeldCall, CallState {
  readonly path: string;
  readonly progress: CallProgress;
  readonly #exchange: Exchange;
  readonly #host: CallHost;
  readonly #method: JsonMethod;
  readonly #caller: Caller | undefined;
  readonly #reportEnd: (code: status) => void;
  /** What was answered; CANCELLED until then. */
  #code = status.CANCELLED;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #flows = false;
  #refused = false;
  #ended = false;
  #answerTaken: (() => void) | undefined;

  constructor({ path, method, exchange, host, caller, ended }: JsonCallParts) {
    this.path = path;
    this.#caller = caller;
    this.#reportEnd = ended;
    this.progress = new CallProgress(host);
    this.#method = method;
    this.#exchange = exchange;
    this.#host = host;
  }

  /** @param no_call why it is refused in any case */
  begin(no_call?: NoCall): void {
    const { request, response } = this.#exchange;
    response.once("close", () => this.#end());
    request.on("error", () => {});
    const headers = Object.entries(request.headers).map(([name, value]) => [name, [value ?? ""].flat()] as const);
    const refusal = this.#host.begin(this, headerListBytes(headers)) ?? no_call;
    if (refusal !== undefined) this.#refuse(refusal);
    else if (Number(request.headers["content-length"] ?? 0) > this.#host.message_bytes_max) this.#tooLarge();
    else this.#host.turns.begin(this.#host, () => this.#enter());
  }

  #enter(): void {
    const { admission, lane } = this.#host;
    if (!this.#ended) this.progress.ticket = admission.enter(lane, this, 0);
  }

  getPeer(): string {
    const { remoteAddress, remotePort } = this.#exchange.request.socket;
    return `${remoteAddress}:${remotePort}`;
  }

  get cancelled(): boolean {
    return this.#ended;
  }

  // Gate. The first resume may come before `enter` has returned the ticket; bytes come later.

  resume(): void {
    this.progress.beginReading();
    this.#flow();
  }

  pause(): void {
    this.#exchange.request.pause();
  }

  #flow(): void {
    const { request } = this.#exchange;
    if (this.#flows) request.resume();
    else {
      this.#flows = true;
      request.on("data", (chunk: Buffer) => this.#read(chunk));
      request.once("end", () => this.#complete());
    }
  }

  #read(chunk: Buffer): void {
    const { received, message_bytes_max, admission } = this.#host;
    received(chunk.length);
    this.#bytes += chunk.length;
    if (this.#refused) {
      if (this.#bytes > DROPPED_SHARE_MAX * message_bytes_max) this.reset();
      return;
    }
    this.#chunks.push(chunk);
    if (this.#bytes > message_bytes_max) this.#tooLarge();
    else if (this.progress.ticket !== undefined) admission.grow(this.progress.ticket, chunk.length);
  }

  #tooLarge(): void {
    const details = `the body has more than ${this.#host.message_bytes_max} bytes`;
    this.#refuse({ code: status.RESOURCE_EXHAUSTED, details });
  }

  #complete(): void {
    if (this.#refused) this.#exchange.response.end();
    if (this.#refused || this.#ended) return;
    if (this.progress.ticket !== undefined) this.#host.admission.complete(this.progress.ticket);
    this.#answerTaken = this.#host.handle(this.path, () => void this.#answer());
  }

  async #answer(): Promise<void> {
    const { headers } = this.#exchange.request;
    const metadata = new Metadata();
    for (const key of TRACE_KEYS) {
      const value = headers[key];
      // Others are no trace ids, and metadata throws at them.
      if (typeof value === "string" && /^[ -~]*$/.test(value)) metadata.set(key, value);
    }
    const body = Buffer.concat(this.#chunks);
    this.#chunks = [];
    const reply = await this.#method(body, { metadata, caller: this.#caller, call: this });
    if (reply.ok) this.#send(status.OK, 200, reply.value);
    else this.#refuse(reply.status);
  }

  refuse(refusal: RpcStatus): void {
    this.#exchange.endWithAnswer();
    this.#refuse(refusal);
    this.#exchange.response.end();
  }

  #refuse(refusal: RpcStatus | NoCall): void {
    this.#refused = true;
    this.#chunks = [];
    if (this.progress.ticket !== undefined) this.#host.admission.leave(this.progress.ticket);
    if (this.#exchange.response.headersSent) this.reset();
    else if ("http_status" in refusal) {
      this.#send(refusal.code, refusal.http_status, errorJson(refusal), refusal.headers);
    } else this.#send(refusal.code, httpStatusOf(refusal.code), errorJson(refusal));
  }

  #send(code: status, http_status: number, json: object, headers: Readonly<Record<string, string>> = {}): void {
    const { request, response } = this.#exchange;
    if (this.#ended || response.destroyed) return;
    this.#code = code;
    this.progress.beginSending();
    const body = Buffer.from(`${JSON.stringify(json)}\n`);
    response.writeHead(http_status, {
      "content-type": "application/json",
      "content-length": body.length,
      ...headers,
    });
    response.write(body);
    if (request.readableEnded) response.end();
    // The rest of the body is dropped: many clients look for an answer only once they have sent everything.
    else this.#flow();
  }

  reset(): void {
    this.progress.beginReset();
    this.#exchange.cut();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.progress.ticket !== undefined) this.#host.admission.leave(this.progress.ticket);
    this.#host.end(this);
    this.#reportEnd(this.#code);
    this.#answerTaken?.();
  }
}
