import type { ServerHttp2Stream } from "node:http2";
import { type ServiceDefinition, status } from "@grpc/grpc-js";
import type { CallMethod, RpcObserver } from "./observer.js";

/** All methods that are not served: clients must not be able to make up names. */
const UNKNOWN_METHOD: CallMethod = { type: "unknown", service: "unknown", name: "unknown" };

/** By whether requests, and whether answers are a stream. */
const TYPES = [
  ["unary", "server_stream"],
  ["client_stream", "bidi_stream"],
] as const;

/** Reports each call once when it comes, and once when it is over, however it ends. */
export interface CallReports {
  /** The methods of this service have names of their own. */
  addService(definition: ServiceDefinition): void;
  /** A stream of gRPC. */
  watch(stream: ServerHttp2Stream, path: unknown): void;
  /** A call that is not of gRPC; to be called with its status when it is over. */
  begin(path: string): (code: status) => void;
}

export function createCallReports(observer: Pick<RpcObserver, "callStarted" | "callEnded">): CallReports {
  const methods = new Map<unknown, CallMethod>();

  function begin(path: unknown): (code: status) => void {
    const method = methods.get(path) ?? UNKNOWN_METHOD;
    const begun_ms = performance.now();
    observer.callStarted(method);
    return (code) => observer.callEnded(method, code, performance.now() - begun_ms);
  }

  return {
    addService(definition) {
      for (const { path, requestStream, responseStream } of Object.values(definition)) {
        const [, service = "", name = ""] = path.split("/");
        const type = TYPES[requestStream ? 1 : 0][responseStream ? 1 : 0];
        methods.set(path, { type, service, name });
      }
    },
    watch(stream, path) {
      const end = begin(path);
      stream.once("close", () => end(statusOf(stream)));
    },
    begin,
  };
}

/** What was sent as the stream's status; CANCELLED when nothing was. */
function statusOf({ sentTrailers, sentHeaders }: ServerHttp2Stream): status {
  const code: unknown = sentTrailers?.["grpc-status"] ?? sentHeaders?.["grpc-status"];
  return code === undefined ? status.CANCELLED : Number(code);
}
