/**
 * The few bytes of grpc.health.v1 and grpc.reflection.v1 that a client needs to ask "are you serving?" and "what do you
 * serve?". See https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto and
 * https://github.com/grpc/grpc-proto/blob/master/grpc/reflection/v1/reflection.proto for the numbers.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

export const HEALTH_CHECK_PATH = "/grpc.health.v1.Health/Check";
export const REFLECTION_PATH = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

export type ServingStatus = "UNKNOWN" | "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";
const SERVING_STATUSES: readonly ServingStatus[] = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

/** HealthCheckRequest { 1 string service }; "" asks for the server as a whole. */
export function encodeHealthRequest(service: string): Buffer {
  return Buffer.from(new BinaryWriter().uint32(tag(1, WireType.LengthDelimited)).string(service).finish());
}

/** HealthCheckResponse { 1 ServingStatus status }. Throws when the bytes are no protobuf. */
export function decodeHealthResponse(bytes: Uint8Array): ServingStatus {
  let status = 0;
  forEachField(bytes, (field, reader) => {
    if (field !== 1) return false;
    status = reader.int32();
    return true;
  });
  return SERVING_STATUSES[status] ?? "UNKNOWN";
}

/** ServerReflectionRequest { 7 string list_services }. */
export function encodeListServicesRequest(): Buffer {
  return Buffer.from(new BinaryWriter().uint32(tag(7, WireType.LengthDelimited)).string("*").finish());
}

/** ServerReflectionResponse { 6 ListServiceResponse { repeated 1 ServiceResponse { 1 string name } } }. Throws when the
 * bytes are no protobuf. */
export function decodeListServicesResponse(bytes: Uint8Array): string[] {
  const names: string[] = [];
  forEachField(bytes, (field, reader) => {
    if (field !== 6) return false;
    forEachField(reader.bytes(), (inner, list) => {
      if (inner !== 1) return false;
      forEachField(list.bytes(), (innermost, service) => {
        if (innermost !== 1) return false;
        names.push(service.string());
        return true;
      });
      return true;
    });
    return true;
  });
  return names;
}

/** Calls `read` for each field; a field that it does not read (returns false) is passed over. */
function forEachField(bytes: Uint8Array, read: (field: number, reader: BinaryReader) => boolean): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire_type] = reader.tag();
    if (!read(field, reader)) reader.skip(wire_type, field);
  }
}

function tag(field: number, wire_type: WireType): number {
  return (field << 3) | wire_type;
}
