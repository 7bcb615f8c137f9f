/**
 * What grpc-js keeps to itself, and limits need: the HTTP/2 stream of a call, which alone can stop reading in the midst of
 * a message and can be reset, streams that are no calls, whether messages are compressed, metadata without a copy, and what a server was made with. The version of grpc-js is pinned for it; the tests
 * of this folder fail when these fields are gone.
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { Duplex } from "node:stream";
import { type Metadata, Server, type ServerInterceptingCallInterface, type ServerOptions, status } from "@grpc/grpc-js";
import { headerListBytes } from "./header_list.js";

/** The stream of the call that an interceptor is given. */
export function streamOf(call: ServerInterceptingCallInterface): ServerHttp2Stream {
  const stream: unknown = Reflect.get(call, "stream");
  if (!isHttp2Stream(stream)) throw new Error("grpc-js gives no stream");
  return stream;
}

function isHttp2Stream(value: unknown): value is ServerHttp2Stream {
  return value instanceof Duplex && "rstCode" in value;
}

/** Asks of each stream, before anything of it is read, whether grpc-js is to handle it; otherwise it is the asked one's. */
export function divertStreams(
  server: Server,
  isCall: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean,
): void {
  const verify: unknown = Reflect.get(server, "_verifyContentType");
  if (typeof verify !== "function") throw new Error("grpc-js does not verify content types");
  Reflect.set(server, "_verifyContentType", isCall);
}

/** What a server takes of its options when it is made: the connections' age, idleness and pings, streams and memory. */
const FIXED_FIELDS = [
  "maxConnectionAgeMs",
  "keepaliveTimeMs",
  "keepaliveTimeoutMs",
  "sessionIdleTimeout",
  "commonServerOptions",
];

/** Has a server hold the connections of injectors to come to other options. */
export function reviseServer(server: Server, options: ServerOptions): void {
  const revised = new Server(options);
  for (const field of FIXED_FIELDS) {
    if (!Object.hasOwn(revised, field)) throw new Error(`grpc-js keeps no ${field}`);
    Reflect.set(server, field, Reflect.get(revised, field));
  }
}

/** Whether the messages of a call may be larger than what is read of them. */
export function isCompressed(call: ServerInterceptingCallInterface): boolean {
  return Reflect.get(call, "incomingEncoding") !== "identity";
}

/**
 * Answers INVALID_ARGUMENT for a message that does not unpack. grpc-js says INTERNAL, and says it past all interceptors
 * and handlers, so `onCorrupt` is told.
 */
export function blameClient(call: ServerInterceptingCallInterface, onCorrupt: () => void): void {
  const sendStatus = call.sendStatus.bind(call);
  call.sendStatus = (partial) => {
    const corrupt = partial.code === status.INTERNAL && partial.details === "Failed to decompress message";
    if (corrupt) onCorrupt();
    sendStatus(corrupt ? { ...partial, code: status.INVALID_ARGUMENT } : partial);
  };
}

/** See headerListBytes. */
export function metadataBytes(metadata: Metadata): number {
  // Its own methods copy all values.
  const entries: unknown = Reflect.get(metadata, "internalRepr");
  if (!(entries instanceof Map)) throw new Error("grpc-js shows no metadata");
  return headerListBytes(entries);
}
