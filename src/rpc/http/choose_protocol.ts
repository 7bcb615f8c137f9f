import type { Socket } from "node:net";

/** Who serves a connection. */
export interface Protocols {
  http1(socket: Socket): void;
  http2(socket: Socket): void;
}

/** How the preface of HTTP/2 begins, and no request of HTTP/1.1: RFC 9113 §3.4. */
const PREFACE = "PRI";

/** Gives a connection to whom its first bytes are for, with all of its bytes. Waits as long as there are none. */
export function chooseProtocol(socket: Socket, { http1, http2 }: Protocols): void {
  let head = Buffer.alloc(0);
  function look(): void {
    const bytes: unknown = socket.read();
    if (!Buffer.isBuffer(bytes)) return;
    head = Buffer.concat([head, bytes]);
    const begin = head.toString("latin1", 0, PREFACE.length);
    if (begin.length < PREFACE.length && PREFACE.startsWith(begin)) return;
    socket.off("readable", look);
    socket.unshift(head);
    if (begin === PREFACE) http2(socket);
    else http1(socket);
  }
  socket.on("readable", look);
  // Until a server has its own listener, an error of the connection must not end the process.
  socket.on("error", () => {});
}
