import type { Socket } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { Server, ServerCredentials, type ServerInterceptor, type ServerOptions } from "@grpc/grpc-js";
import type { Config } from "../config/config.js";
import { reviseServer } from "./limits/grpc_call.js";

/** grpc-js's server, for connections that were accepted elsewhere. */
export interface GrpcServer {
  readonly server: Server;
  serve(socket: Socket): void;
  /** The limits have changed: messages to come, and connections to come, are held to them. */
  update(): void;
}

/** The largest message sent; clients refuse more than these 4 MiB by default. */
export const SEND_BYTES_MAX = 4 * 1024 * 1024;

/** @param limits may change, see `update` */
export function createGrpcServer(limits: Config["server"], interceptors: ServerInterceptor[]): GrpcServer {
  let current = serverOptions(limits);
  const options = { ...current, interceptors };
  const server = new Server(options);
  let injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    server,
    serve: (socket) => injector.injectConnection(socket),
    update() {
      const next = serverOptions(limits);
      if (isDeepStrictEqual(next, current)) return;
      current = next;
      // Limits of messages are read from there for each call.
      Object.assign(options, next);
      reviseServer(server, next);
      // Connections of the one before stay there.
      injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    },
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
