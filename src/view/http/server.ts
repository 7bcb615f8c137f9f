import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { BadRequest, one } from "../filter.js";
import { isDefect, Late, Superseded, send, sendError, sendFailure, sendJson, TooLarge } from "./answers.js";
import type { Assets } from "./assets.js";
import { guard } from "./guard.js";
import { HEADERS } from "./headers.js";

/** What a route gets of a request that the guard has let through. */
export interface Request {
  readonly query: URLSearchParams;
  /** Aborted when the caller is gone, after ten seconds, and when a newer request takes its place. */
  readonly signal: AbortSignal;
  /** The body, at most 64 KiB; "" without. Rejects with TooLarge. */
  body(): Promise<string>;
  /** For what is more than one JSON value. */
  readonly response: ServerResponse;
}

/** Resolves with what is answered as JSON; undefined when it has answered, or goes on to, by itself. */
export type Route = (request: Request) => Promise<unknown>;

export interface ViewServerOptions {
  readonly token: string;
  /** The page; undefined when it has not been built. */
  readonly assets: Assets | undefined;
  /** By what follows the token. */
  readonly routes: ReadonlyMap<string, Route>;
  /** Those of these paths are not stopped after ten seconds. */
  readonly endless: ReadonlySet<string>;
  /** Called with a line for the operator; it has nothing of a request. */
  readonly warn: (message: string) => void;
}

/** Requests that are served at a time, live ones too; connections may idle beside them. */
const REQUESTS_MAX = 64;
const CONNECTIONS_MAX = 256;
const BODY_BYTES_MAX = 64 * 1024;
const LATE_MS = 10_000;

/** Makes the server; the caller has it listen, on a loopback address. */
export function createViewServer(options: ViewServerOptions): Server {
  let requests = 0;
  /** By page and route. */
  const newest = new Map<string, AbortController>();
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 });
  server.maxConnections = CONNECTIONS_MAX;
  server.on("request", (message, response) => {
    response.on("error", () => {});
    serve(message, response).catch((error: unknown) => {
      if (isDefect(error)) options.warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
      sendFailure(response, error);
    });
  });
  // Nothing that upgrades or tunnels is served here.
  server.on("connect", (_, socket) => socket.destroy());
  server.on("upgrade", (_, socket) => socket.destroy());
  server.on("clientError", (_, socket) => {
    const headers = Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
    if (socket.writable)
      socket.end(`HTTP/1.1 400 Bad Request\r\n${headers.join("")}connection: close\r\ncontent-length: 0\r\n\r\n`);
  });

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = message;
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const verdict = guard(
      { method, url, headers: { ...headers, host: onlyHost(message) } },
      { port, token: options.token },
    );
    if (!verdict.ok) {
      const { code, message, allow } = verdict;
      return sendError(response, code, message, "", allow === undefined ? {} : { allow });
    }
    const { path, query } = verdict;
    if (path === "/") {
      sendPage(response);
      return;
    }
    const asset = options.assets?.files.get(path);
    if (asset !== undefined) return send(response, 200, asset);
    const route = options.routes.get(path);
    if (route === undefined) return sendError(response, "not_found", "there is nothing here");
    if (requests >= REQUESTS_MAX)
      return sendError(response, "busy", "too many requests at a time: try again in a second");
    requests += 1;
    const stop = new AbortController();
    const onClose = () => stop.abort(new Superseded("the caller has gone"));
    response.on("close", onClose);
    const timer = options.endless.has(path)
      ? undefined
      : setTimeout(() => stop.abort(new Late("stopped after 10 s")), LATE_MS);
    const key = takePlace(path, query, stop);
    try {
      const value = await route({ query, signal: stop.signal, body: () => readBody(message), response });
      if (value !== undefined) sendJson(response, value);
      else if (!response.writableEnded && !response.closed) await closed(response);
    } finally {
      requests -= 1;
      clearTimeout(timer);
      response.off("close", onClose);
      if (key !== undefined && newest.get(key) === stop) newest.delete(key);
    }
  }

  /** Stops an older request of the same page for the same. */
  function takePlace(path: string, query: URLSearchParams, stop: AbortController): string | undefined {
    const tab = one(query, "tab");
    if (tab === undefined || tab.length > 100 || path === "/api/session") return undefined;
    const key = `${path} ${tab}`;
    newest.get(key)?.abort(new Superseded("a newer request has taken its place"));
    newest.set(key, stop);
    return key;
  }

  function sendPage(response: ServerResponse): void {
    const { assets } = options;
    if (assets === undefined) sendError(response, "not_found", "the page has not been built: npm run build");
    else send(response, 200, assets.html);
  }

  return server;
}

/** The one Host of a request; undefined when there is none or more than one. */
function onlyHost({ rawHeaders }: IncomingMessage): string | undefined {
  const hosts = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === "host");
  return hosts.length === 1 ? hosts[0] : undefined;
}

function closed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => response.on("close", resolve));
}

async function readBody(message: IncomingMessage): Promise<string> {
  if (!/^application\/json\b/.test(message.headers["content-type"] ?? "")) {
    throw new BadRequest("content-type: expected application/json");
  }
  const blocks: Buffer[] = [];
  let length = 0;
  for await (const block of message) {
    const bytes = Buffer.from(block);
    length += bytes.length;
    if (length > BODY_BYTES_MAX) throw new TooLarge(`the body has more than ${BODY_BYTES_MAX} bytes`);
    blocks.push(bytes);
  }
  return Buffer.concat(blocks).toString();
}
