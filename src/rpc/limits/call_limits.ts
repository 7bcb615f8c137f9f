import type { Socket } from "node:net";
import { type ServerInterceptor, status } from "@grpc/grpc-js";
import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import type { Config } from "../../config/config.js";
import { exhaustedStatus, type RpcStatus } from "../errors.js";
import { HEALTH } from "../health.js";
import type { CutReason, RpcObserver } from "../observer.js";
import type { Callers } from "../security/callers.js";
import { credentialsOf } from "../security/credentials.js";
import { createAdmission } from "./admission.js";
import { peerOf } from "./connections.js";
import { streamOf } from "./grpc_call.js";
import type { CallHost, HeldCall } from "./held_call.js";
import { LimitedCall } from "./limited_call.js";
import { createMemoryLimit } from "./memory.js";
import { createPendingRequest, type PendingRequest } from "./pending_request.js";
import { createPlaces } from "./places.js";
import { createRegistry } from "./registry.js";
import type { LimitReports } from "./reports.js";
import { createStreamLimits, type OpenStreams } from "./stream_limits.js";
import { createSurplus, type Surplus } from "./surplus.js";
import { createTurnShare, createTurns } from "./turns.js";

/** The limits on calls, and on what a connection sends. */
export interface CallLimits {
  readonly interceptor: ServerInterceptor;
  /** A connection is open, and will be served. */
  connect(socket: Socket): void;
  /** A connection has begun to speak HTTP/2: it may be silent between its calls, and send frames of its own. */
  serveHttp2(socket: Socket): void;
  /** A connection, by its socket or by the stand-in of it that sessions of HTTP/2 show. */
  hostOf(socket: object): CallHost;
  /** No further checks. */
  stop(): void;
}

export interface CallLimitsOptions {
  /** May change: they are read when they are needed. */
  readonly limits: Config["server"];
  readonly connections_max: () => number;
  readonly observer: RpcObserver;
  readonly reports: LimitReports;
  readonly callers: Callers;
}

interface Connection extends CallHost {
  readonly socket: Socket;
  readonly calls: Set<HeldCall>;
  readonly streams: OpenStreams;
  /** Calls that were late. */
  strikes: number;
  /** Calls with wrong credentials; fewer with time. */
  refusals: number;
  readonly surplus: Surplus;
  /** Undefined once it speaks HTTP/2. */
  request: PendingRequest | undefined;
}

const BATCH = SessionLogService.batchAppendSessions.path;
/** Batches of a connection whose answers were not taken: an answer may have 3 MiB, whatever the size of its request. */
const BATCHES_PER_CONNECTION_MAX = 4;
/** Calls of one connection that are begun in one turn of the event loop. */
const TURN_CALLS_MAX = 32;
/** Between two looks at memory, timeouts and what connections send. */
const SWEEP_MS = 100;
/** Calls with wrong credentials, before a connection is cut. */
const REFUSALS_PER_SECOND_MAX = 10;
/** A connection is cut at this many late calls. */
const STRIKES_MAX = 3;
/** How long a reset may be on its way: a client that takes nothing at all is cut. */
const RESET_MS = 1_000;
/** What a client may send of a body before it is read: the window of a stream. */
const WINDOW_BYTES = 65_535;

export function createCallLimits({
  limits,
  connections_max,
  observer,
  reports,
  callers,
}: CallLimitsOptions): CallLimits {
  const admission = createAdmission({
    get lane_calls_max() {
      return limits.max_active_calls_per_connection;
    },
    get lane_bytes_max() {
      return limits.max_pending_bytes_per_connection;
    },
    get total_bytes_max() {
      return limits.max_pending_bytes;
    },
    get share_bytes() {
      return Math.floor(limits.max_pending_bytes / connections_max());
    },
  });
  const memory = createMemoryLimit(limits);
  const turns = createTurns(TURN_CALLS_MAX);
  const streams = createStreamLimits(limits);
  const connections = createRegistry<Connection>();
  let now_ms = performance.now();
  let waiting = 0;

  function refuse(connection: Connection, reason: CutReason, setting: string, refusal: RpcStatus) {
    reports.callCut(reason, setting, connection.peer);
    return refusal;
  }

  function begin(connection: Connection, call: HeldCall, metadata_bytes: number): RpcStatus | undefined {
    const { path } = call;
    connection.surplus.countCall(metadata_bytes);
    if (memory.exceeded && !path.startsWith(HEALTH)) return refuse(connection, ...NO_MEMORY);
    if (metadata_bytes > limits.max_metadata_bytes) {
      const details = `the metadata has more than ${limits.max_metadata_bytes} bytes`;
      return refuse(connection, "limit", "max_metadata_bytes", { code: status.RESOURCE_EXHAUSTED, details });
    }
    const full = streams.open(connection.streams, path);
    if (full !== undefined) return refuse(connection, "limit", full.setting, exhaustedStatus(full.message));
    connection.calls.add(call);
    connection.request?.begin();
    return undefined;
  }

  function end(connection: Connection, call: HeldCall): void {
    if (!connection.calls.delete(call)) return;
    connection.request?.end(connection.socket.bytesRead);
    streams.close(connection.streams, call.path);
  }

  function cut(connection: Connection, reason: CutReason, setting: string): void {
    reports.callCut(reason, setting, connection.peer);
    connection.socket.destroy();
  }

  function stalled(connection: Connection): void {
    if (!connection.socket.destroyed) cut(connection, "stalled", "stall_bytes_per_second");
  }

  /** A late call is ended, the third one with its connection. */
  function late(connection: Connection, call: HeldCall, setting: "request_timeout" | "response_timeout"): void {
    connection.strikes += 1;
    if (connection.strikes >= STRIKES_MAX) {
      cut(connection, "late", setting);
    } else if (setting === "request_timeout") {
      const details = `the request did not arrive within ${limits.request_timeout_ms / 1_000} s`;
      call.refuse(refuse(connection, "late", setting, { code: status.DEADLINE_EXCEEDED, details }));
    } else {
      reports.callCut("late", setting, connection.peer);
      call.reset();
    }
  }

  function checkRequest(connection: Connection): void {
    const { request, calls, socket } = connection;
    if (request === undefined || calls.size > 0) return;
    const waiting_ms = request.waitingFor(socket.bytesRead, now_ms);
    if (waiting_ms > limits.request_timeout_ms) cut(connection, "late", "request_timeout");
  }

  function checkCalls(connection: Connection): void {
    for (const call of connection.calls) {
      if (connection.socket.destroyed) return;
      if (call.progress.was_reset) {
        if (call.progress.sendingFor(now_ms) > RESET_MS) cut(connection, "late", "response_timeout");
      } else if (call.progress.readingFor(now_ms) > limits.request_timeout_ms)
        late(connection, call, "request_timeout");
      else if (call.progress.sendingFor(now_ms) > limits.response_timeout_ms)
        late(connection, call, "response_timeout");
      else if (memory.exceeded && call.progress.unread) call.refuse(refuse(connection, ...NO_MEMORY));
    }
  }

  function sweep(): void {
    const passed_ms = performance.now() - now_ms;
    now_ms += passed_ms;
    memory.sample();
    admission.rotate();
    for (const connection of connections.all()) {
      const unread_bytes = connection.lane.incomplete.size * WINDOW_BYTES;
      if (connection.surplus.sweep(connection.socket.bytesRead, unread_bytes, passed_ms)) stalled(connection);
      connection.refusals = Math.max(0, connection.refusals - (REFUSALS_PER_SECOND_MAX * passed_ms) / 1_000);
      checkRequest(connection);
      checkCalls(connection);
    }
    if (admission.waiting !== waiting) observer.callsWaitingChanged(admission.waiting);
    waiting = admission.waiting;
  }
  const timer = setInterval(sweep, SWEEP_MS).unref();

  return {
    interceptor(method, call) {
      const stream = streamOf(call);
      return new LimitedCall(method, call, stream, connections.ofSession(stream.session));
    },
    connect(socket) {
      const batches = createPlaces(BATCHES_PER_CONNECTION_MAX);
      const connection: Connection = {
        ...createTurnShare(),
        peer: peerOf(socket),
        credentials: credentialsOf(socket),
        refused() {
          connection.refusals += 1;
          if (connection.refusals > REFUSALS_PER_SECOND_MAX) cut(connection, "limit", "credentials");
        },
        turns,
        admission,
        lane: admission.openLane(),
        get message_bytes_max() {
          return limits.max_message_bytes;
        },
        received(bytes) {
          if (connection.surplus.countFrame(bytes)) stalled(connection);
        },
        now_ms: () => now_ms,
        handle(path, start) {
          if (path === BATCH) return batches.take(start);
          start();
          return () => {};
        },
        pass: callers.pass,
        begin: (call, metadata_bytes) => begin(connection, call, metadata_bytes),
        corrupt: () => reports.corruptMessage(connection.peer),
        end: (call) => end(connection, call),
        socket,
        calls: new Set(),
        streams: new Map(),
        strikes: 0,
        refusals: 0,
        surplus: createSurplus(limits),
        request: createPendingRequest(),
      };
      connections.add(socket, connection);
    },
    serveHttp2(socket) {
      connections.of(socket).request = undefined;
    },
    hostOf: connections.of,
    stop: () => clearInterval(timer),
  };
}

const NO_MEMORY = ["memory", "memory_limit", exhaustedStatus("the service has no memory left for this call")] as const;
