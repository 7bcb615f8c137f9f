// The few frames of HTTP/2 that a load generator needs: https://www.rfc-editor.org/rfc/rfc9113#section-4 and -6, and
// HPACK without a dynamic table: https://www.rfc-editor.org/rfc/rfc7541#section-6.

export const DATA = 0x0;
export const HEADERS = 0x1;
export const RST_STREAM = 0x3;
export const SETTINGS = 0x4;
export const PING = 0x6;
export const GOAWAY = 0x7;
export const WINDOW_UPDATE = 0x8;

export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;

export const SETTINGS_INITIAL_WINDOW_SIZE = 0x4;
const SETTINGS_HEADER_TABLE_SIZE = 0x1;
const SETTINGS_ENABLE_PUSH = 0x2;

export const headBytes = 9;
export const maxFrameBytes = 16_384;
const wholeWindow = 0x7fff_ffff;

/** The name `grpc-status` in HPACK's Huffman code, with the value "0" behind it: how a good answer's trailers look. */
export const statusOk = Buffer.from("889acac8b21234da8f0130", "hex");

/** @returns {Buffer} a frame's head; its payload is to follow */
export function frameHead(length, type, flags, stream) {
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUIntBE(length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return head;
}

/** @returns {Buffer} a frame whose payload is one 32-bit number */
export function numberFrame(type, stream, number) {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32BE(number);
  return Buffer.concat([frameHead(4, type, 0, stream), payload]);
}

/** What a client says first: no dynamic header table for the answers, and windows that never fill in a short run. */
export function clientPreface() {
  const settings = [
    [SETTINGS_HEADER_TABLE_SIZE, 0],
    [SETTINGS_ENABLE_PUSH, 0],
    [SETTINGS_INITIAL_WINDOW_SIZE, wholeWindow],
  ];
  const payload = Buffer.alloc(settings.length * 6);
  for (const [index, [name, value]] of settings.entries()) {
    payload.writeUInt16BE(name, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return Buffer.concat([
    Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    frameHead(payload.length, SETTINGS, 0, 0),
    payload,
    numberFrame(WINDOW_UPDATE, 0, wholeWindow - 65_535),
  ]);
}

/** A text of less than 127 bytes, as HPACK has it. */
function text(value) {
  return Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
}

function indexed(index) {
  return Buffer.of(0x80 | index);
}

/**
 * @param {string} path  of the method, /package.Service/Method
 * @param {string} authority  host:port
 * @param {"http" | "https"} [scheme]
 * @returns {Buffer} the header block of a gRPC request
 */
export function requestHeaders(path, authority, scheme = "http") {
  return Buffer.concat([
    indexed(3), // :method POST
    indexed(scheme === "http" ? 6 : 7), // :scheme
    Buffer.of(0x04), // :path
    text(path),
    Buffer.of(0x01), // :authority
    text(authority),
    Buffer.of(0x0f, 0x10), // content-type
    text("application/grpc"),
    Buffer.of(0x00),
    text("te"),
    text("trailers"),
  ]);
}

/**
 * What is added to the header block of a call with a token: the first on a connection puts it into the server's dynamic table, as
 * clients do, and the others name its place there.
 * @param {string} token
 * @returns {{ first: Buffer, next: Buffer }}
 */
export function tokenHeaders(token) {
  return { first: Buffer.concat([Buffer.of(0x40 | 23), text(`Bearer ${token}`)]), next: indexed(62) };
}
