// Connections of HTTP/1.1 whose bytes are written by hand.
import { once } from "node:events";
import { connect } from "node:net";
import { APPEND } from "./http2.mjs";

export const HEAD = `POST ${APPEND} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;

/**
 * Opens a connection, and resolves once it is closed.
 * @param {string} address
 * @param {(socket: import("node:net").Socket) => void} use  reads it too, if it is to be read
 */
export async function useConnection(address, use) {
  const { hostname, port } = new URL(`http://${address}`);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await once(socket, "connect");
  use(socket);
  await closed;
}
