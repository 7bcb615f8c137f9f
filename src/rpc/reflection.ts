/**
 * Reflection v1 and v1alpha. @grpc/reflection is made for the descriptors that @grpc/proto-loader rebuilds, in which
 * well-known types do not resolve: grpcurl then fails on every call. It is fed with the compiler's own descriptors, which
 * also hold google.rpc's error details, so that clients print a refusal field by field.
 */
import type { PackageDefinition } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { fileDescriptorProtos } from "@sessionlog/protocol/gen/descriptors";
import type { StreamHost } from "./open_streams.js";

/** Adds both versions of grpc.reflection to a server. They list the API, health and themselves. */
export function addReflection(host: StreamHost): void {
  const api = fileDescriptorProtos.map((base64) => Buffer.from(base64, "base64"));
  new ReflectionService(packageOf([...api, ...ownDescriptors()])).addToServer(host);
}

/** All that ReflectionService reads of a package are the descriptors on its entries; one entry is enough. */
function packageOf(descriptors: Buffer[]): PackageDefinition {
  return {
    sessionlog: { format: "Protocol Buffer 3 EnumDescriptorProto", type: {}, fileDescriptorProtos: descriptors },
  };
}

/** The descriptors of the reflection services, which come with the definitions that they add to a server. */
function ownDescriptors(): Buffer[] {
  const descriptors: Buffer[] = [];
  new ReflectionService(packageOf([])).addToServer({
    addService(definition) {
      for (const method of Object.values(definition)) {
        if ("requestType" in method) descriptors.push(...descriptorsOf(method.requestType));
      }
    },
  });
  return descriptors;
}

function descriptorsOf(type: unknown): Buffer[] {
  if (typeof type !== "object" || type === null || !("fileDescriptorProtos" in type)) return [];
  return Array.isArray(type.fileDescriptorProtos) ? type.fileDescriptorProtos.filter(Buffer.isBuffer) : [];
}
