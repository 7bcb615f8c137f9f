/** The connection of a logger to its service, opened with the first call. */
import { setMaxListeners } from "node:events";
import type {
  AppendSessionResponse,
  BatchAppendSessionsResponse,
} from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import type { Options } from "../options.js";
import { VERSION } from "../version.js";
import type { CallResult } from "./api_client.js";
import { createServiceClient, type ServiceClient } from "./service_client.js";

/** Sends records. Nothing here throws or rejects, whatever a service or an option does. */
export interface Connection extends Pick<ServiceClient, "renewed" | "renewable"> {
  append(record: Uint8Array, validate_only: boolean, deadline_ms: number): Promise<CallResult<AppendSessionResponse>>;
  appendBatch(records: readonly Uint8Array[], deadline_ms: number): Promise<CallResult<BatchAppendSessionsResponse>>;
  /** Ends the calls in progress, and makes no more. */
  close(): void;
}

const OWN_OPTIONS = {
  // So that the service can say which client still sends.
  "grpc.primary_user_agent": `sessionlog-typescript/${VERSION}`,
  // Retries are the sender's, which counts them.
  "grpc.enable_retries": 0,
  // A new channel tries at once, whatever an earlier one to the same address met.
  "grpc.use_local_subchannel_pool": 1,
};

export function createConnection(options: Options): Connection {
  const ending = new AbortController();
  const { signal } = ending;
  // One for each call in progress.
  setMaxListeners(0, signal);
  const client = createServiceClient({ ...options, channel_options: { ...OWN_OPTIONS, ...options.channel_options } });
  return {
    append: (record, validate_only, deadline_ms) => client.append(record, { deadline_ms, signal, validate_only }),
    appendBatch: (records, deadline_ms) => client.appendBatch(records, { deadline_ms, signal }),
    renewed: client.renewed,
    renewable: client.renewable,
    close() {
      ending.abort();
      client.close();
    },
  };
}
