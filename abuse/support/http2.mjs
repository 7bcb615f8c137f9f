// What attacks are made of: calls over node:http2, and connections whose frames are written by hand.
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectSocket } from "node:net";
import { frameHead, SETTINGS } from "../../bench/load/frames.mjs";

export const APPEND = "/sessionlog.v1.SessionLog/AppendSession";
export const BATCH = "/sessionlog.v1.SessionLog/BatchAppendSessions";
export const TAIL = "/sessionlog.v1.SessionLog/TailSessions";

/**
 * Keeps so many calls open on one connection until it is cut.
 * @param {string} address
 * @param {{ streams: number, path: string, headers?: object, settings?: object, send: (stream: import("node:http2").ClientHttp2Stream) => void }} calls
 */
export async function keepCalling(address, { streams, path, headers = {}, settings = {}, send }) {
  const session = connectHttp2(`http://${address}`, { settings });
  session.on("error", () => {});
  const closed = once(session, "close");
  function call() {
    if (session.closed || session.destroyed) return;
    const request = {
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    };
    const stream = session.request(request);
    stream.on("error", () => {});
    stream.once("close", () => setImmediate(call));
    send(stream);
  }
  session.once("connect", () => {
    for (let index = 0; index < streams; index += 1) call();
  });
  await closed;
}

const preface = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frameHead(0, SETTINGS, 0, 0)]);

/**
 * Writes the same bytes over and over, as fast as they are taken, until the connection is cut.
 * @param {string} address
 * @param {() => Buffer} next  the next bytes; the preface was sent before
 */
export async function keepWriting(address, next) {
  const { hostname, port } = new URL(`http://${address}`);
  const socket = connectSocket(Number(port), hostname);
  socket.on("error", () => {});
  const closed = once(socket, "close");
  await once(socket, "connect");
  socket.resume();
  socket.write(preface);
  function write() {
    while (!socket.destroyed && socket.write(next()));
  }
  socket.on("drain", write);
  write();
  await closed;
}

/** A gRPC message: five bytes before its own. */
export function message(bytes, compressed = 0) {
  const head = Buffer.alloc(5);
  head[0] = compressed;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** A field 15 of `length` zeros, which every request skips. */
export function padding(length) {
  const bytes = Buffer.alloc(length + 6);
  bytes[0] = 0x7a;
  let rest = length;
  for (let at = 1; at <= 5; at += 1) {
    bytes[at] = (rest & 0x7f) | (at < 5 ? 0x80 : 0);
    rest >>>= 7;
  }
  return bytes;
}
