import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { createConnections } from "../rpc/limits/connections.js";
import { listen } from "../rpc/listen.js";
import { createTlsPort, type TlsSettings } from "../rpc/security/tls_port.js";
import { createDeadlines } from "./deadlines.js";
import { mayScrape, type ScrapeAccess } from "./scrape_access.js";

/** The port for operators: /metrics, /healthz and /readyz. */
export interface OpsServer {
  /** `host:port` with the real port. */
  readonly address: string;
  /** Applies these from now on. */
  update(settings: OpsSettings): void;
  /** Cuts all connections. */
  stop(): void;
}

/** What may change while it listens. */
export interface OpsSettings {
  /** Undefined: in the clear. */
  readonly tls: Omit<TlsSettings, "client_auth"> | undefined;
  readonly access: ScrapeAccess;
}

export interface OpsServerOptions extends OpsSettings {
  readonly listen: string;
  readonly metrics: { print(): Promise<string>; readonly content_type: string };
  /** Why the service does not accept appends now, in one line; undefined when it does. */
  readonly unready: () => string | undefined;
  readonly log: { error(fields: object, message: string): void };
}

export type OpsOutcome =
  | { readonly ok: true; readonly server: OpsServer }
  | { readonly ok: false; readonly message: string };

const CONNECTIONS_MAX = 32;
const PEER_CONNECTIONS_MAX = 16;
const HEADER_BYTES_MAX = 16 * 1024;
/** For a request to come, and for its answer to be taken. */
const EXCHANGE_MS = 10_000;
/** Between two requests; Prometheus scrapes once a minute by default. */
const IDLE_MS = 75_000;

const NO_REPORTS = { connectionRefused() {}, connectionsChanged() {} };

/** Listens; or says in one line why it cannot. */
export async function startOpsServer(options: OpsServerOptions): Promise<OpsOutcome> {
  let { access } = options;
  const deadlines = createDeadlines();
  const http = createServer({ maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: IDLE_MS }, (request, response) => {
    deadlines.begin(request.socket, EXCHANGE_MS);
    response.once("close", () => deadlines.begin(request.socket, IDLE_MS));
    // A body is never read.
    if (hasBody(request)) response.shouldKeepAlive = false;
    answer(request, response).catch((error: unknown) => {
      options.log.error({ err: error }, "metrics cannot be printed");
      request.socket.destroy();
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split("?", 1)[0];
    if (request.method !== "GET" && request.method !== "HEAD") {
      send(response, 405, "expected GET", { allow: "GET, HEAD" });
    } else if (path === "/healthz") {
      send(response, 200, "ok");
    } else if (path === "/readyz") {
      const reason = options.unready();
      send(response, reason === undefined ? 200 : 503, reason ?? "ready");
    } else if (path !== "/metrics") {
      send(response, 404, "no such page; there are: /metrics, /healthz, /readyz");
    } else if (!mayScrape(access, request)) {
      send(response, 401, "credentials are required", { "www-authenticate": "Bearer" });
    } else {
      const text = await options.metrics.print();
      send(response, 200, text, { "content-type": options.metrics.content_type });
    }
  }

  function serve(socket: Socket): void {
    deadlines.begin(socket, EXCHANGE_MS);
    http.emit("connection", socket);
  }
  const secure = createTlsPort({
    settings: tlsSettingsOf(options),
    protocols: ["http/1.1"],
    serve,
    refused() {},
  });
  const connections = createConnections({
    connections_max: CONNECTIONS_MAX,
    peer_connections_max: PEER_CONNECTIONS_MAX,
    reports: NO_REPORTS,
    observer: NO_REPORTS,
    serve: (socket) => secure.accept(socket),
  });
  const outcome = await listen(options.listen, connections);
  if (!outcome.ok) return outcome;
  const { listener } = outcome;
  return {
    ok: true,
    server: {
      address: listener.address,
      update(next) {
        access = next.access;
        secure.update(tlsSettingsOf(next));
      },
      stop() {
        listener.stop();
        connections.cutAll();
      },
    },
  };
}

/** A certificate is one way to be let in. */
function tlsSettingsOf({ tls }: OpsSettings): TlsSettings | undefined {
  return tls && { ...tls, client_auth: tls.files.ca === undefined ? "none" : "optional" };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function send(response: ServerResponse, code: number, text: string, headers: Readonly<Record<string, string>> = {}) {
  const body = text.endsWith("\n") ? text : `${text}\n`;
  response.writeHead(code, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    ...headers,
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}
