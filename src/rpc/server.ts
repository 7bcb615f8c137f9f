import { Server, ServerCredentials, type ServerOptions } from "@grpc/grpc-js";
import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import type { Config } from "../config/config.js";
import { type AppendPort, createAppendHandler, type HandlerParts } from "./append/append.js";
import { createBatchHandler } from "./append/batch.js";
import type { AlarmLog } from "./append/ungrounded.js";
import { addHealth } from "./health.js";
import { type ListenOutcome, listen } from "./listen.js";
import { NO_RPC_OBSERVER, observeRecords, type RpcObserver } from "./observer.js";
import { trackStreams } from "./open_streams.js";
import { addReflection } from "./reflection.js";
import { createTailCall, type TailPort } from "./tail/tail.js";
import { type RpcLog, toUnaryCall } from "./unary.js";

/** The gRPC surface: SessionLog, health and reflection on one address. */
export interface RpcServer {
  /** Accepts connections on `host:port` or `unix:/path`; health is NOT_SERVING until set. */
  listen(address: string): Promise<ListenOutcome>;
  setServing(serving: boolean): void;
  /** Ends the streams that clients hold open (Watch, reflection, TailSessions). */
  endStreams(): void;
  /** Stops accepting connections, waits for calls in progress, then closes. Does not resolve while a client keeps a call open. */
  close(): Promise<void>;
  /** Cuts all connections. */
  kill(): void;
}

export interface RpcServerOptions extends HandlerParts {
  readonly limits: Config["server"];
  readonly journal: AppendPort & TailPort;
  readonly log: RpcLog & AlarmLog;
  readonly observer?: RpcObserver;
}

/** The largest message sent; clients refuse more than these 4 MiB by default. */
const SEND_BYTES_MAX = 4 * 1024 * 1024;
/** How long a reader may leave rows unread. */
const TAIL_STALL_MS = 60_000;

export function createRpcServer(options: RpcServerOptions): RpcServer {
  const server = new Server(serverOptions(options.limits));
  const streams = trackStreams(server);
  const health = addHealth(streams.host);
  addReflection(streams.host);

  const observer = options.observer ?? NO_RPC_OBSERVER;
  const parts = { ...options, observer, recordToRow: observeRecords(options.recordToRow, observer) };
  const { appendSession, batchAppendSessions, tailSessions } = SessionLogService;
  streams.host.addService(
    {
      appendSession: { ...appendSession, requestDeserialize: identity },
      batchAppendSessions: { ...batchAppendSessions, requestDeserialize: identity },
      tailSessions: { ...tailSessions, requestDeserialize: identity, responseSerialize: identity },
    },
    {
      appendSession: toUnaryCall("AppendSession", createAppendHandler(parts), parts),
      batchAppendSessions: toUnaryCall("BatchAppendSessions", createBatchHandler(parts), parts),
      tailSessions: createTailCall({ ...parts, message_bytes_max: SEND_BYTES_MAX, stall_ms: TAIL_STALL_MS }),
    },
  );

  return {
    listen: (address) => listen(server, address, ServerCredentials.createInsecure()),
    setServing: health.setServing,
    endStreams: streams.end,
    close() {
      return new Promise((resolve) => {
        // Its only error is that the server was not listening, which is what is wanted.
        server.tryShutdown(() => resolve());
      });
    },
    kill: () => server.forceShutdown(),
  };
}

/** By default grpc-js limits received messages to 4 MiB, and nothing else. */
function serverOptions(limits: Config["server"]): ServerOptions {
  return {
    "grpc.max_receive_message_length": limits.max_message_bytes,
    "grpc.max_send_message_length": SEND_BYTES_MAX,
    "grpc.max_concurrent_streams": limits.max_concurrent_streams,
    // node:http2 counts in millions of bytes.
    "grpc-node.max_session_memory": Math.ceil(limits.max_session_memory_bytes / 1e6),
    "grpc.keepalive_time_ms": limits.keepalive_time_ms,
    "grpc.keepalive_timeout_ms": limits.keepalive_timeout_ms,
    // 0 would be "at once" to grpc-js; left out, there is no limit.
    ...(limits.max_connection_idle_ms > 0 && { "grpc.max_connection_idle_ms": limits.max_connection_idle_ms }),
    ...(limits.max_connection_age_ms > 0 && { "grpc.max_connection_age_ms": limits.max_connection_age_ms }),
    // Its counters cost on every call and nothing here reads them.
    "grpc.enable_channelz": 0,
  };
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}
