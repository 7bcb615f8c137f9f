import { HEAD, useConnection } from "../support/http1.mjs";

const SOCKETS = 40;
const BODY = Buffer.alloc(4_000_000, " ");

/** All but the end of 4 MB of JSON, on many connections of HTTP/1.1. */
export function connectAndAttack(address) {
  const attack = (socket) => {
    socket.resume();
    socket.write(`${HEAD}content-length: ${BODY.length + 10}\r\n\r\n`);
    socket.write(BODY);
  };
  return Promise.all(Array.from({ length: SOCKETS }, () => useConnection(address, attack)));
}
