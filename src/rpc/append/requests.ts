/**
 * The outer framing of requests, scanned by hand: grpc-js answers INTERNAL when a deserialiser throws, and the records
 * are wanted as the bytes they came in. Wire format: https://protobuf.dev/programming-guides/encoding/.
 */

/** A request's bytes are no protobuf message; `description` says where and why. */
export interface BrokenFraming {
  readonly ok: false;
  readonly description: string;
}

/** AppendSessionRequest. */
export interface AppendRequest {
  readonly ok: true;
  /** A view into the request, unless the field came in several pieces, which protobuf joins. */
  readonly record: Uint8Array | undefined;
  readonly validate_only: boolean;
}

/** BatchAppendSessionsRequest. */
export interface BatchRequest {
  readonly ok: true;
  /** Views into the request, at most `max_records + 1` of them: the last one only tells that there are too many. */
  readonly records: readonly Uint8Array[];
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const START_GROUP = 3;
const END_GROUP = 4;
const FIXED32 = 5;

/** Groups within groups; protobuf's own decoders stop there too. */
const MAX_GROUP_DEPTH = 100;

/** Reads an AppendSessionRequest. Unknown fields, and known ones of another wire type, are passed over. */
export function scanAppendRequest(bytes: Uint8Array): AppendRequest | BrokenFraming {
  const cursor = createCursor(bytes);
  const pieces: Uint8Array[] = [];
  let validate_only = false;
  while (cursor.next()) {
    if (cursor.field === 1 && cursor.wire_type === LENGTH_DELIMITED) pieces.push(cursor.payload());
    else if (cursor.field === 2 && cursor.wire_type === VARINT) validate_only = cursor.truth;
  }
  if (cursor.broken !== "") return { ok: false, description: cursor.broken };
  const record = pieces.length > 1 ? Buffer.concat(pieces) : pieces[0];
  return { ok: true, record, validate_only };
}

/** Reads a BatchAppendSessionsRequest, as far as one record past `max_records`. */
export function scanBatchRequest(bytes: Uint8Array, max_records: number): BatchRequest | BrokenFraming {
  const cursor = createCursor(bytes);
  const records: Uint8Array[] = [];
  while (records.length <= max_records && cursor.next()) {
    if (cursor.field === 1 && cursor.wire_type === LENGTH_DELIMITED) records.push(cursor.payload());
  }
  if (cursor.broken !== "") return { ok: false, description: cursor.broken };
  return { ok: true, records };
}

/** Walks over the fields of one message; a group is one field. */
interface Cursor {
  field: number;
  wire_type: number;
  /** The last varint was not 0. */
  truth: boolean;
  /** Why the walk ended early; empty when it did not. */
  broken: string;
  /** Goes to the next field. False at the end, and when the bytes are broken. */
  next(): boolean;
  /** The bytes of the length-delimited field that the cursor stands on. */
  payload(): Uint8Array;
}

function createCursor(bytes: Uint8Array): Cursor {
  let position = 0;
  let payload_start = 0;

  const cursor: Cursor = {
    field: 0,
    wire_type: 0,
    truth: false,
    broken: "",
    payload: () => bytes.subarray(payload_start, position),
    next() {
      if (position === bytes.length || !readTag()) return false;
      const { field, wire_type } = cursor;
      if (wire_type === END_GROUP) return fail("a group ends that did not begin");
      if (wire_type !== START_GROUP) return skipValue();
      const skipped = skipGroup(field);
      cursor.field = field;
      cursor.wire_type = wire_type;
      return skipped;
    },
  };

  function fail(why: string): false {
    cursor.broken = `the request is no protobuf message: ${why} at byte ${position}`;
    return false;
  }

  /** Reads a tag into the cursor. */
  function readTag(): boolean {
    const tag = readVarint(5);
    if (tag < 0) return false;
    if (tag > 0xffff_ffff) return fail("a tag over 32 bits");
    cursor.field = Math.floor(tag / 8);
    cursor.wire_type = tag % 8;
    if (cursor.field === 0) return fail("field number 0");
    if (cursor.wire_type > FIXED32) return fail(`wire type ${cursor.wire_type}`);
    return true;
  }

  /** The next varint of at most `max_bytes` bytes, exact up to 2^53; -1 and `broken` when there is none. */
  function readVarint(max_bytes: number): number {
    let value = 0;
    let scale = 1;
    for (let count = 1; count <= max_bytes; count += 1) {
      const byte = bytes[position];
      if (byte === undefined) {
        fail("a varint is cut off");
        return -1;
      }
      position += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    fail(`a varint of more than ${max_bytes} bytes`);
    return -1;
  }

  /** Moves behind the value of any field but a group. */
  function skipValue(): boolean {
    switch (cursor.wire_type) {
      case VARINT: {
        const value = readVarint(10);
        cursor.truth = value > 0;
        return value >= 0;
      }
      case FIXED64:
        return skipBytes(8);
      case FIXED32:
        return skipBytes(4);
      default: {
        const length = readVarint(10);
        payload_start = position;
        return length >= 0 && skipBytes(length);
      }
    }
  }

  function skipBytes(count: number): boolean {
    if (count > bytes.length - position) return fail(`a field of ${count} bytes is cut off`);
    position += count;
    return true;
  }

  /** Moves behind the end of the group `field`, whose start has just been read. No recursion: the input sets the depth. */
  function skipGroup(field: number): boolean {
    const open = [field];
    while (open.length > 0) {
      if (position === bytes.length) return fail("a group does not end");
      if (!readTag()) return false;
      if (cursor.wire_type === START_GROUP) {
        if (open.length === MAX_GROUP_DEPTH) return fail(`more than ${MAX_GROUP_DEPTH} groups within each other`);
        open.push(cursor.field);
      } else if (cursor.wire_type === END_GROUP) {
        if (open.pop() !== cursor.field) return fail("a group ends that did not begin");
      } else if (!skipValue()) {
        return false;
      }
    }
    return true;
  }

  return cursor;
}
