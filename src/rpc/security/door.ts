import type { IncomingHttpHeaders } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import { status } from "@grpc/grpc-js";
import type { RpcStatus } from "../errors.js";
import type { CallHost } from "../limits/held_call.js";
import type { LimitReports } from "../limits/reports.js";
import type { RpcObserver } from "../observer.js";
import { type AccessOptions, type Admitted, createAccess, knownMethod } from "./access.js";
import type { Callers } from "./callers.js";

/** Where calls come in, before anything of them is read. */
export interface Door {
  /** Decides on a call, and reports one that is not let in. */
  admit(path: string, headers: IncomingHttpHeaders, host: CallHost): Admitted;
  /** The same for a stream of gRPC: whether it is let in; it has its status otherwise. */
  admitStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, hostOf: (socket: object) => CallHost): boolean;
  /** Whether a call that was let in would not be let in any more. */
  isOver(metadata: object, path: string): boolean;
  /** From now on, these may call. */
  update(access: DoorOptions["access"]): void;
}

export interface DoorOptions {
  /** Undefined: everyone may do everything. */
  readonly access: Omit<AccessOptions, "now_ms"> | undefined;
  readonly callers: Callers;
  readonly reports: LimitReports;
  readonly observer: Pick<RpcObserver, "callerAdmitted">;
}

export function createDoor({ access: options, callers, reports, observer }: DoorOptions): Door {
  let access = options && createAccess({ ...options, now_ms: Date.now });

  function admit(path: string, { authorization }: IncomingHttpHeaders, host: CallHost): Admitted {
    if (access === undefined) return { ok: true, caller: undefined };
    const admitted = access.admit(path, { ...host.credentials, authorization });
    if (admitted.ok) {
      if (admitted.caller !== undefined) observer.callerAdmitted(admitted.caller);
    } else {
      reports.credentialsRefused(host.peer, admitted.failure, knownMethod(path), admitted.token_id);
      if (admitted.status.code === status.UNAUTHENTICATED) host.refused();
    }
    return admitted;
  }

  return {
    admit,
    admitStream(stream, headers, hostOf) {
      if (access === undefined) return true;
      const { ":path": path } = headers;
      const { session } = stream;
      if (session === undefined || typeof path !== "string") return false;
      const admitted = admit(path, headers, hostOf(session.socket));
      if (admitted.ok) callers.admit(stream, admitted.caller);
      else refuse(stream, admitted.status);
      return admitted.ok;
    },
    isOver: (metadata, path) => access?.holds(callers.of(metadata), path) === false,
    update(next) {
      access = next && createAccess({ ...next, now_ms: Date.now });
    },
  };
}

/** Ends a stream with a status, and reads nothing of it. */
function refuse(stream: ServerHttp2Stream, { code, details }: RpcStatus): void {
  stream.respond(
    { ":status": 200, "content-type": "application/grpc", "grpc-status": code, "grpc-message": encodeURI(details) },
    { endStream: true },
  );
  stream.close(constants.NGHTTP2_NO_ERROR);
}
