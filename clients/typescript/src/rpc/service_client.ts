import { describeError } from "../errors.js";
import type { TlsOptions } from "../options.js";
import { type ApiClient, type CallOptions, type CallResult, createApiClient } from "./api_client.js";
import { type CallFailure, callFailure } from "./failure.js";
import { channelCredentials } from "./tls_files.js";
import { createTokenSource, type TokenOptions, type TokenSource } from "./token.js";

export interface ServiceOptions extends TokenOptions {
  readonly tls: TlsOptions | undefined;
  /** gRPC's channel options, over those of ApiClient. */
  readonly channel_options: Readonly<Record<string, string | number>>;
}

/** Calls to a service, with TLS and a token. Nothing here throws or rejects, whatever a service or an option does. */
export type ServiceClient = Pick<ApiClient, "append" | "appendBatch" | "tail" | "unary" | "close"> &
  Pick<TokenSource, "renewed" | "renewable">;

const DEADLINE_MS = 30_000;
const CLOSED: CallFailure = { ...callFailure("CANCELLED", "the client is closed"), code_name: "CLOSED" };

/**
 * A client that connects with its first call, and shows the token of the moment with each. The files of `tls` are read
 * again for the connection after one that was lost.
 */
export function createServiceClient(options: ServiceOptions): ServiceClient {
  const { address, tls, channel_options } = options;
  const token = createTokenSource(options);
  let opening: Promise<ApiClient> | undefined;
  let closed = false;

  async function open(): Promise<ApiClient> {
    const name = tls?.server_name;
    return createApiClient(address, {
      credentials: await channelCredentials(tls),
      channel_options: { ...(name && { "grpc.ssl_target_name_override": name }), ...channel_options },
    });
  }

  /** Calls in progress on it continue. */
  function forget(): void {
    opening?.then(
      (client) => client.close(),
      () => undefined,
    );
    opening = undefined;
  }

  /** The connection, and the metadata of a call; or why it cannot be made. */
  async function begin(deadline_ms: number) {
    try {
      const metadata = await token.metadata(deadline_ms);
      if (isFailure(metadata)) return metadata;
      if (closed) return CLOSED;
      opening ??= open();
      return { client: await opening, metadata };
    } catch (error) {
      // The connection could not be opened: no such certificate file, no such address. Tried again later.
      forget();
      return callFailure("UNAVAILABLE", describeError(error));
    }
  }

  async function call<T>(
    given: CallOptions,
    make: (client: ApiClient, options: CallOptions) => Promise<CallResult<T>>,
  ): Promise<CallResult<T>> {
    const begun = await begin(given.deadline_ms ?? DEADLINE_MS);
    if (isFailure(begun)) return begun;
    try {
      const result = await make(begun.client, { ...given, metadata: { ...given.metadata, ...begun.metadata } });
      if (!result.ok) onFailure(result);
      return result;
    } catch (error) {
      return callFailure("UNAVAILABLE", describeError(error));
    }
  }

  function onFailure({ code_name }: CallFailure): void {
    if (tls !== undefined && code_name === "UNAVAILABLE") forget();
  }

  return {
    append: (record, given = {}) => call(given, (client, secured) => client.append(record, { ...given, ...secured })),
    async appendBatch(records, given = {}) {
      const result = await call(given, (client, secured) => client.appendBatch(records, secured));
      // The other end may be gone without notice: the next call opens a connection of its own.
      if (!result.ok && result.code_name === "DEADLINE_EXCEEDED") forget();
      return result;
    },
    unary: (path, request, given = {}) => call(given, (client, secured) => client.unary(path, request, secured)),
    async *tail(request, given) {
      const begun = await begin(DEADLINE_MS);
      if (isFailure(begun)) return begun;
      const metadata = { ...given.metadata, ...begun.metadata };
      const failure = yield* begun.client.tail(request, { ...given, metadata });
      if (failure !== undefined) onFailure(failure);
      return failure;
    },
    renewed: token.renewed,
    renewable: token.renewable,
    close() {
      closed = true;
      forget();
    },
  };
}

function isFailure(value: object): value is CallFailure {
  return "ok" in value && value.ok === false;
}
