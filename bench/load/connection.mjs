// A client of one gRPC method over one HTTP/2 connection, at a tenth of the cost of a real one, so that on a machine with
// two cores the server and not the generator is what a closed loop waits for.
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { connect as connectTls } from "node:tls";
import {
  ACK,
  clientPreface,
  DATA,
  END_HEADERS,
  END_STREAM,
  frameHead,
  GOAWAY,
  HEADERS,
  headBytes,
  maxFrameBytes,
  numberFrame,
  PING,
  RST_STREAM,
  requestHeaders,
  SETTINGS,
  SETTINGS_INITIAL_WINDOW_SIZE,
  statusOk,
  tokenHeaders,
  WINDOW_UPDATE,
} from "./frames.mjs";

const creditBytes = 16 * 1024 * 1024;

/**
 * @typedef {object} Connection
 * @property {(body: Buffer, done: (ok: boolean, reply_bytes: number) => void) => void} call  sends one length-prefixed
 *   message; `ok`: the answer's grpc-status is 0
 * @property {() => void} close
 */

/**
 * @param {string} address  host:port
 * @param {string} path  /package.Service/Method
 * @param {(error: Error) => void} onBroken  the connection ended though nobody closed it
 * @param {{ ca?: string, token?: string }} [credentials]  ca: in PEM; with it, over TLS
 * @returns {Promise<Connection>}
 */
export async function openConnection(address, path, onBroken, { ca, token } = {}) {
  const { hostname, port } = new URL(`http://${address}`);
  const where = { host: hostname, port: Number(port), noDelay: true };
  const socket =
    ca === undefined
      ? connectSocket(where)
      : connectTls({ ...where, ca, servername: "localhost", ALPNProtocols: ["h2"] });
  await once(socket, ca === undefined ? "connect" : "secureConnect");
  const headers = requestHeaders(path, address, ca === undefined ? "http" : "https");
  const shown = token === undefined ? { first: Buffer.alloc(0), next: Buffer.alloc(0) } : tokenHeaders(token);
  const [first, next] = [shown.first, shown.next].map((more) => Buffer.concat([headers, more]));
  /** Calls under way, by stream: what is left to send, and what came. */
  const calls = new Map();
  const blocked = new Set();
  let out = [clientPreface()];
  let nextStream = 1;
  let window = 65_535;
  let streamWindow = 65_535;
  let received = 0;
  let rest = Buffer.alloc(0);

  socket.on("data", onData);
  socket.on("error", onBroken);
  socket.on("close", () => onBroken(new Error(`${address} closed the connection`)));
  flush();

  function call(body, done) {
    const stream = nextStream;
    nextStream += 2;
    const state = { stream, body, sent: 0, window: streamWindow, reply_bytes: 0, ok: false, done };
    calls.set(stream, state);
    const block = stream === 1 ? first : next;
    push(frameHead(block.length, HEADERS, END_HEADERS, stream), block);
    sendBody(state);
  }

  /** As much of a body as both windows allow; the rest when a window opens. */
  function sendBody(state) {
    const { body, stream } = state;
    while (state.sent < body.length) {
      const length = Math.min(body.length - state.sent, state.window, window, maxFrameBytes);
      if (length <= 0) {
        blocked.add(state);
        return;
      }
      const last = state.sent + length === body.length;
      push(frameHead(length, DATA, last ? END_STREAM : 0, stream), body.subarray(state.sent, state.sent + length));
      state.sent += length;
      state.window -= length;
      window -= length;
    }
    blocked.delete(state);
  }

  /** What is pushed within one turn of the event loop leaves in one write. */
  function push(...buffers) {
    if (out.length === 0) process.nextTick(flush);
    out.push(...buffers);
  }

  function flush() {
    const buffers = out;
    out = [];
    socket.write(Buffer.concat(buffers));
  }

  function onData(chunk) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= headBytes) {
      const length = bytes.readUIntBE(at, 3);
      const end = at + headBytes + length;
      if (end > bytes.length) break;
      onFrame(bytes[at + 3], bytes[at + 4], bytes.readUInt32BE(at + 5), bytes.subarray(at + headBytes, end));
      at = end;
    }
    rest = bytes.subarray(at);
  }

  function onFrame(type, flags, stream, payload) {
    const state = calls.get(stream);
    if (type === DATA) {
      credit(payload.length);
      if (state) state.reply_bytes += payload.length;
    } else if (type === HEADERS) {
      if (state) state.ok = payload.includes(statusOk);
    } else if (type === RST_STREAM) {
      finish(state, false);
    } else if (type === SETTINGS && !(flags & ACK)) {
      onSettings(payload);
      push(frameHead(0, SETTINGS, ACK, 0));
    } else if (type === PING && !(flags & ACK)) {
      push(frameHead(payload.length, PING, ACK, 0), Buffer.from(payload));
    } else if (type === WINDOW_UPDATE) {
      onWindow(state, stream, payload.readUInt32BE(0));
    } else if (type === GOAWAY) {
      onBroken(new Error(`${address} said GOAWAY ${payload.readUInt32BE(4)}`));
    }
    if ((type === DATA || type === HEADERS) && flags & END_STREAM) finish(state, state?.ok ?? false);
  }

  function finish(state, ok) {
    if (state === undefined) return;
    calls.delete(state.stream);
    blocked.delete(state);
    state.done(ok, state.reply_bytes);
  }

  function onSettings(payload) {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== SETTINGS_INITIAL_WINDOW_SIZE) continue;
      const change = payload.readUInt32BE(at + 2) - streamWindow;
      streamWindow += change;
      for (const state of calls.values()) state.window += change;
    }
    for (const state of [...blocked]) sendBody(state);
  }

  function onWindow(state, stream, more) {
    if (stream === 0) window += more;
    else if (state) state.window += more;
    for (const each of stream === 0 ? [...blocked] : [state]) if (each && blocked.has(each)) sendBody(each);
  }

  /** Gives the server back what its answers took of the connection's window. */
  function credit(length) {
    received += length;
    if (received < creditBytes) return;
    push(numberFrame(WINDOW_UPDATE, 0, received));
    received = 0;
  }

  return {
    call,
    close() {
      socket.removeAllListeners("close");
      socket.destroy();
    },
  };
}
