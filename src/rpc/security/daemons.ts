import { status } from "@grpc/grpc-js";
import type { AcceptedRecord, RefusedRecord } from "../../record/index.js";
import type { RpcStatus } from "../errors.js";
import type { RpcObserver } from "../observer.js";
import type { Caller } from "./callers.js";

/** Whether the rows of a daemon are a caller's own. Without a caller, where nobody has to be known, all are. */
export function ownsDaemon(caller: Caller | undefined, daemon: unknown): boolean {
  if (caller === undefined || caller.roles.has("admin")) return true;
  if (typeof daemon !== "string") return false;
  return caller.daemons.some((own) => (own.endsWith("*") ? daemon.startsWith(own.slice(0, -1)) : daemon === own));
}

/** PERMISSION_DENIED: names the daemon that was asked for, never those that are allowed. */
export function foreignDaemonStatus(caller: Caller | undefined, daemon: string): RpcStatus {
  const details = `${caller?.name ?? ""} may not append rows of the daemon ${daemon}`;
  return { code: status.PERMISSION_DENIED, details };
}

/** A record of a batch: refused when its daemon is not the caller's. */
export function refuseForeign(
  caller: Caller | undefined,
  record: AcceptedRecord | RefusedRecord,
  observer: Pick<RpcObserver, "recordRefused">,
): AcceptedRecord | RefusedRecord {
  if (!record.ok || ownsDaemon(caller, record.daemon)) return record;
  observer.recordRefused(["daemon_denied"]);
  const description = `${record.daemon} is not a daemon of ${caller?.name ?? ""}`;
  return { ok: false, violations: [{ field: "record.daemon", description, reason: "NOT_ALLOWED" }] };
}
