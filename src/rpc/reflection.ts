/**
 * Reflection v1 and v1alpha. @grpc/reflection is made for the descriptors that @grpc/proto-loader rebuilds, in which
 * well-known types do not resolve: grpcurl then fails on every call. It is given the compiler's own descriptors, which
 * also contain google.rpc's error details, so that clients print a refusal field by field.
 */
import { ReflectionService } from "@grpc/reflection";
import { fileDescriptorProtos } from "@sessionlog/protocol/gen/descriptors";
import type { StreamHost } from "./open_streams.js";

/** Adds both versions of grpc.reflection to a server. They list the API, health and themselves. */
export function addReflection(host: StreamHost): void {
  const descriptors = fileDescriptorProtos.map((base64) => Buffer.from(base64, "base64"));
  // All that ReflectionService reads of a package are the descriptors on its entries; one entry is enough.
  new ReflectionService({
    sessionlog: { format: "Protocol Buffer 3 EnumDescriptorProto", type: {}, fileDescriptorProtos: descriptors },
  }).addToServer(host);
}
