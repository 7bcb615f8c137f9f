import type { Socket } from "node:net";
import { BATCH_RECORDS_MAX } from "@sessionlog/protocol/gen/limits";
import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import type { Config } from "../config/config.js";
import type { RecordToRow } from "../record/index.js";
import { encodeAppendResponse, encodeBatchResponse } from "./append/answers.js";
import { type AppendPort, createAppendHandler, type HandlerParts } from "./append/append.js";
import { createBatchHandler } from "./append/batch.js";
import { readAppendRequest, readBatchRequest } from "./append/requests.js";
import type { AlarmLog } from "./append/ungrounded.js";
import type { RpcLog } from "./call_log.js";
import { createCallReports } from "./call_reports.js";
import { createGrpcServer, SEND_BYTES_MAX } from "./grpc_server.js";
import { addHealth } from "./health.js";
import { chooseProtocol } from "./http/choose_protocol.js";
import { appendedJson, batchJson } from "./http/json_answers.js";
import { toJsonMethod } from "./http/json_call.js";
import { readAppendJson, readBatchJson } from "./http/json_requests.js";
import { createJsonServer } from "./http/json_server.js";
import { createCallLimits } from "./limits/call_limits.js";
import { createConnections, peerOf } from "./limits/connections.js";
import { divertStreams } from "./limits/grpc_call.js";
import { connectionsMax } from "./limits/open_files.js";
import { createLimitReports } from "./limits/reports.js";
import { type Listener, listen, type SocketOwner } from "./listen.js";
import { createRecordCheck, NO_RPC_OBSERVER, type RpcObserver } from "./observer.js";
import { trackStreams } from "./open_streams.js";
import { addReflection } from "./reflection.js";
import { createCallers } from "./security/callers.js";
import { createDoor, type DoorOptions } from "./security/door.js";
import { createTlsPort, type TlsSettings } from "./security/tls_port.js";
import { createTailCall, type TailPort } from "./tail/tail.js";
import { toUnaryCall } from "./unary.js";

/** SessionLog, health and reflection over gRPC, and appends as JSON over HTTP, on one address. */
export interface RpcServer {
  /** Accepts connections on `host:port` or `unix:/path`; health is NOT_SERVING until set. Resolves with the real address. */
  listen(address: string, socket: SocketOwner): Promise<ServeOutcome>;
  setServing(serving: boolean): void;
  /** Ends the streams that clients hold open (Watch, reflection, TailSessions). */
  endStreams(): void;
  /** Stops accepting connections, waits for calls in progress, then closes. Does not resolve while a client keeps a call open. */
  close(): Promise<void>;
  /** Cuts all connections. */
  kill(): void;
  /** Applies these from now on. Connections and streams that could not be made any more are ended. */
  update(settings: RpcSettings): void;
  /** Ends the streams whose tokens have expired. */
  endExpired(): void;
}

/** Where the server listens, with the real port; or why it cannot, in one line that names the address. */
export type ServeOutcome =
  | { readonly ok: true; readonly address: string }
  | { readonly ok: false; readonly message: string };

/** What may change while the server runs. */
export interface RpcSettings {
  readonly limits: Config["server"];
  /** Undefined: connections are served in the clear. */
  readonly tls: TlsSettings | undefined;
  /** Undefined: everyone may do everything. */
  readonly access: DoorOptions["access"];
}

export interface RpcServerOptions extends Omit<HandlerParts, "checkRecord" | "observer">, RpcSettings {
  readonly recordToRow: RecordToRow;
  readonly journal: AppendPort & TailPort;
  readonly log: RpcLog & AlarmLog;
  readonly observer?: RpcObserver;
}

export function createRpcServer(options: RpcServerOptions): RpcServer {
  const { log, observer = NO_RPC_OBSERVER } = options;
  const reports = createLimitReports(observer, log);
  /** Those that a reload may change are read when they are needed. */
  const limits = { ...options.limits };
  let connections_max = connectionsMax(limits.max_connections);
  const callers = createCallers();
  const door = createDoor({ access: options.access, callers, reports, observer });
  // They cost on every call: where nobody counts, there are none.
  const call_reports = options.observer && createCallReports(options.observer);
  const calls = createCallLimits({ limits, connections_max: () => connections_max, observer, reports, callers });
  const grpc = createGrpcServer(limits, [calls.interceptor]);
  const { server } = grpc;
  const connections = createConnections({
    get connections_max() {
      return connections_max;
    },
    get peer_connections_max() {
      return limits.max_connections_per_peer;
    },
    reports,
    observer,
    serve: (socket) => secure.accept(socket),
  });
  const secure = createTlsPort({
    settings: options.tls,
    protocols: ["h2", "http/1.1"],
    serve,
    refused: (socket, why) => reports.handshakeFailed(peerOf(socket), why),
  });

  const http2Sockets = new Set<Socket>();

  /** Of a connection whose bytes can be read. */
  function serve(socket: Socket): void {
    calls.connect(socket);
    chooseProtocol(socket, {
      http1: json.acceptHttp1,
      http2() {
        http2Sockets.add(socket);
        socket.once("close", () => http2Sockets.delete(socket));
        calls.serveHttp2(socket);
        grpc.serve(socket);
      },
    });
  }
  let listener: Listener | undefined;

  const streams = trackStreams(server, call_reports);
  const health = addHealth(streams.host);
  addReflection(streams.host);

  const parts = { ...options, observer, callers, checkRecord: createRecordCheck(options.recordToRow, observer) };
  const append = createAppendHandler(parts);
  const batch = createBatchHandler(parts);
  const { appendSession, batchAppendSessions, tailSessions } = SessionLogService;
  streams.host.addService(
    {
      appendSession: { ...appendSession, requestDeserialize: identity, responseSerialize: encodeAppendResponse },
      batchAppendSessions: {
        ...batchAppendSessions,
        requestDeserialize: identity,
        responseSerialize: encodeBatchResponse,
      },
      tailSessions: { ...tailSessions, requestDeserialize: identity, responseSerialize: identity },
    },
    {
      appendSession: toUnaryCall("AppendSession", (bytes, call) => append(readAppendRequest(bytes), call), parts),
      batchAppendSessions: toUnaryCall(
        "BatchAppendSessions",
        (bytes, call) => batch(readBatchRequest(bytes, BATCH_RECORDS_MAX), call),
        parts,
      ),
      tailSessions: createTailCall({
        ...parts,
        message_bytes_max: SEND_BYTES_MAX,
        get stall_ms() {
          return limits.response_timeout_ms;
        },
      }),
    },
  );

  const json = createJsonServer({
    methods: new Map([
      [appendSession.path, toJsonMethod("AppendSession", readAppendJson, append, appendedJson, log)],
      [batchAppendSessions.path, toJsonMethod("BatchAppendSessions", readBatchJson, batch, batchJson, log)],
    ]),
    admit: door.admit,
    begin: (path) => call_reports?.begin(path) ?? uncounted,
    hostOf: calls.hostOf,
    get calls_max() {
      return limits.max_concurrent_streams;
    },
    get idle_ms() {
      return limits.max_connection_idle_ms;
    },
  });
  divertStreams(server, (stream, headers) => {
    if (headers["content-type"]?.startsWith("application/grpc")) {
      call_reports?.watch(stream, headers[":path"]);
      return door.admitStream(stream, headers, calls.hostOf);
    }
    json.acceptStream(stream, headers);
    return false;
  });
  return {
    async listen(address, socket) {
      const outcome = await listen(address, connections, socket);
      if (!outcome.ok) return outcome;
      listener = outcome.listener;
      return { ok: true, address: listener.address };
    },
    setServing: health.setServing,
    endStreams: streams.end,
    async close() {
      listener?.stop();
      // It reports no error but that nothing listens, and from Node 24 on it does not wait for connections that are injected.
      await Promise.all([new Promise((resolve) => server.tryShutdown(resolve)), json.close()]);
      await Promise.all([...http2Sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
      calls.stop();
    },
    update(next) {
      // First: only a context of TLS could be refused.
      secure.update(next.tls);
      Object.assign(limits, next.limits);
      connections_max = connectionsMax(limits.max_connections);
      grpc.update();
      door.update(next.access);
      streams.endThose(door.isOver);
    },
    endExpired: () => streams.endThose(door.isOver),
    kill() {
      listener?.stop();
      calls.stop();
      server.forceShutdown();
      connections.cutAll();
    },
  };
}

function uncounted(): void {}

function identity(bytes: Buffer): Buffer {
  return bytes;
}
