import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import { constants, Http2ServerRequest, Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { status } from "@grpc/grpc-js";
import type { CallHost } from "../limits/held_call.js";
import type { Admitted } from "../security/access.js";
import { errorJson, httpStatusOf } from "./json_answers.js";
import { type Exchange, JsonCall, type JsonMethod, type NoCall } from "./json_call.js";

/** Serves JSON over HTTP. */
export interface JsonServer {
  /** Serves a connection of HTTP/1.1. */
  acceptHttp1(socket: Socket): void;
  /** Serves a stream of HTTP/2 that is no call of gRPC. */
  acceptStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void;
  /** Closes the connections of HTTP/1.1, each once its calls are answered. */
  close(): Promise<void>;
}

export interface JsonServerOptions {
  /** By path. */
  readonly methods: ReadonlyMap<string, JsonMethod>;
  /** Whether a call with these headers is let in. */
  admit(path: string, headers: IncomingHttpHeaders, host: CallHost): Admitted;
  /** A request for a path has come; what it returns is told how it ended. */
  begin(path: string): (code: status) => void;
  /** The limits of a connection. */
  hostOf(socket: object): CallHost;
  /** Of a connection of HTTP/1.1: more requests than these, sent ahead, end it. */
  readonly calls_max: number;
  /** How long a connection of HTTP/1.1 stays open without calls; 0: for ever. */
  readonly idle_ms: number;
}

/** RFC 9110 §11.6.1. */
const CHALLENGE = { "www-authenticate": "Bearer" };
/** Above what metadata may have by any setting, so that those who send more than set are answered. */
const HEADER_BYTES_MAX = 128 * 1024;

export function createJsonServer(options: JsonServerOptions): JsonServer {
  const { methods, admit, hostOf } = options;
  /** Connections of HTTP/1.1 with the number of their calls. */
  const connections = new Map<Socket, number>();
  let closing: (() => void) | undefined;

  function begin(exchange: Exchange, socket: object): void {
    const path = exchange.request.url?.split("?", 1)[0] ?? "";
    const method = methods.get(path);
    const host = hostOf(socket);
    const admitted = admit(path, exchange.request.headers, host);
    const caller = admitted.ok ? admitted.caller : undefined;
    const call = new JsonCall({
      path: method === undefined ? "" : path,
      method: method ?? noMethod,
      exchange,
      host,
      caller,
      ended: options.begin(path),
    });
    if (admitted.ok) call.begin(noCall(exchange.request, path, method === undefined ? [...methods.keys()] : undefined));
    else call.begin({ ...admitted.status, http_status: httpStatusOf(admitted.status.code), headers: CHALLENGE });
  }

  function closeIdle(socket: Socket): void {
    if (closing !== undefined && connections.get(socket) === 0) socket.destroySoon();
  }

  const http1 = createServer({ maxHeaderSize: HEADER_BYTES_MAX }, (request, response) => {
    // Taken when the answer has been sent.
    http1.keepAliveTimeout = options.idle_ms;
    const { socket } = request;
    const calls = (connections.get(socket) ?? 0) + 1;
    connections.set(socket, calls);
    response.once("close", () => {
      if (!connections.has(socket)) return;
      connections.set(socket, (connections.get(socket) ?? 1) - 1);
      closeIdle(socket);
    });
    if (calls > options.calls_max) socket.destroy();
    else begin(http1Exchange(request, response), socket);
  });
  // By default it answers without a body.
  http1.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) return;
    const code = error.code === "HPE_HEADER_OVERFLOW" ? 431 : 400;
    const body = JSON.stringify(errorJson({ code: status.INVALID_ARGUMENT, details: "this is no HTTP request" }));
    socket.end(
      `HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\ncontent-type: application/json\r\nconnection: close\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });

  return {
    acceptHttp1(socket) {
      connections.set(socket, 0);
      socket.once("close", () => {
        connections.delete(socket);
        if (connections.size === 0) closing?.();
      });
      http1.emit("connection", socket);
    },
    acceptStream(stream, headers) {
      const { session } = stream;
      if (session === undefined) return;
      begin(http2Exchange(stream, headers), session.socket);
    },
    close() {
      return new Promise((resolve) => {
        closing = resolve;
        if (connections.size === 0) resolve();
        for (const socket of connections.keys()) closeIdle(socket);
      });
    },
  };
}

function http1Exchange(request: IncomingMessage, response: ServerResponse): Exchange {
  return {
    request,
    response,
    endWithAnswer() {
      response.shouldKeepAlive = false;
    },
    cut: () => void request.socket.destroy(),
  };
}

function http2Exchange(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Exchange {
  const response = new Http2ServerResponse(stream);
  return {
    request: new Http2ServerRequest(stream, headers, {}, []),
    response,
    endWithAnswer: () => void response.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR)),
    cut: () => stream.close(constants.NGHTTP2_CANCEL),
  };
}

const noMethod: JsonMethod = () => Promise.reject(new Error("a request without a method was admitted"));

/** Why a request is no call of a method; `known` when its path is none of these. */
function noCall(
  { method, headers }: Exchange["request"],
  path: string,
  known: readonly string[] | undefined,
): NoCall | undefined {
  const { "content-type": type = "", "content-encoding": encoding = "identity" } = headers;
  if (known !== undefined) {
    const details = `no such method over JSON; there are: ${known.join(", ")}`;
    return { code: status.UNIMPLEMENTED, http_status: 404, details };
  }
  if (method !== "POST") {
    const details = `expected POST ${path}`;
    return { code: status.UNIMPLEMENTED, http_status: 405, details, headers: { allow: "POST" } };
  }
  if (!/^application\/json *(;|$)/i.test(type)) {
    const details = "expected content-type: application/json";
    return { code: status.INVALID_ARGUMENT, http_status: 415, details, headers: { "accept-post": "application/json" } };
  }
  if (encoding !== "identity") {
    const details = "expected a body without content-encoding";
    return { code: status.UNIMPLEMENTED, http_status: 415, details, headers: { "accept-encoding": "identity" } };
  }
  return undefined;
}
