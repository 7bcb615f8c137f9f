import type { MethodDefinition } from "@grpc/proto-loader";
import type { ApiClient, CallResult } from "@sessionlog/client/rpc/api_client";

/** The methods of grpc.health.v1.Health and grpc.reflection.v1.ServerReflection. */
export interface Definitions {
  readonly health: {
    readonly Check: MethodDefinition<{ service: string }, { status: string }>;
    readonly Watch: MethodDefinition<{ service: string }, { status: string }>;
  };
  readonly reflection: { readonly ServerReflectionInfo: MethodDefinition<{ list_services: string }, object> };
}
export declare const definitions: Definitions;

/** The status of grpc.health.v1.Health, for example SERVING; "" is the server as a whole. */
export declare function checkHealth(
  client: Pick<ApiClient, "unary">,
  service: string,
  deadline_ms?: number,
): Promise<CallResult<string>>;

/** The names of the services that reflection lists at `address`. */
export declare function listServices(address: string, deadline_ms?: number): Promise<CallResult<readonly string[]>>;
