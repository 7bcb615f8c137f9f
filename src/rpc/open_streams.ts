import type { Server, ServerDuplexStream, ServerWritableStream, ServiceDefinition } from "@grpc/grpc-js";
import { type RpcStatus, UNAUTHENTICATED, unavailableStatus } from "./errors.js";

type StreamingCall = ServerWritableStream<object, object> | ServerDuplexStream<object, object>;

/** Where services with streaming methods are added. */
export interface StreamHost {
  addService: Server["addService"];
}

/** Open streams. A graceful shutdown of grpc-js waits for them without limit, and the packages for health (Watch) and
 * reflection end them only when the client does. */
export interface OpenStreams {
  /** Adds services to the server and tracks their streams. */
  readonly host: StreamHost;
  /** Ends them all with UNAVAILABLE, once what has been written to them is sent. */
  end(): void;
  /** Ends those that it holds for with UNAUTHENTICATED. */
  endThose(isOver: (metadata: object, path: string) => boolean): void;
}

/**
 * Tracks the streams of the services that are added through `host`.
 *
 * @param services is told of each
 */
export function trackStreams(
  server: Server,
  services?: { addService(definition: ServiceDefinition): void },
): OpenStreams {
  const open = new Set<StreamingCall>();

  function track(call: StreamingCall): void {
    open.add(call);
    call.once("close", () => open.delete(call));
    if ("read" in call) pauseWhenFull(call);
  }

  function end(call: StreamingCall, why: RpcStatus): void {
    // Later requests must not be answered: that would be a write after the end.
    call.removeAllListeners("data");
    call.emit("error", why);
  }

  return {
    host: {
      addService(definition, implementation) {
        services?.addService(definition);
        const tracked = { ...implementation };
        for (const [name, method] of Object.entries(definition)) {
          const key = [name, method.originalName].find((candidate) => candidate && candidate in implementation);
          const handler = key === undefined ? undefined : implementation[key];
          if (!method.responseStream || key === undefined || handler === undefined) continue;
          tracked[key] = (call: StreamingCall) => {
            Reflect.apply(handler, implementation, [call]);
            track(call);
          };
        }
        server.addService(definition, tracked);
      },
    },
    end() {
      for (const call of open) end(call, unavailableStatus("the service is shutting down"));
    },
    endThose(isOver) {
      for (const call of open) if (isOver(call.metadata, call.getPath())) end(call, UNAUTHENTICATED);
    },
  };
}

/** Reads no further requests while answers wait for a client that does not read them. */
function pauseWhenFull(call: ServerDuplexStream<object, object>): void {
  call.on("data", () => {
    if (!call.writableNeedDrain) return;
    call.pause();
    call.once("drain", () => call.resume());
  });
}
