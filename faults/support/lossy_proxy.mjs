import { once } from "node:events";
import { connect, createServer } from "node:net";

/** https://www.rfc-editor.org/rfc/rfc9113#name-frame-format: length, type, flags, stream. */
const FRAME_HEAD_BYTES = 9;
const DATA = 0;

/**
 * @typedef {object} LossyProxy
 * @property {string} address
 * @property {number} replies  that came from the service
 * @property {number} lost  of these: the connection was cut in their place
 * @property {(address: string) => void} forwardTo  where the next connections go
 * @property {() => void} close
 */

/**
 * Passes HTTP/2 on, and cuts the connection in place of some replies: the service has answered, and the client sees that the
 * connection is gone. Both ends are on the loopback.
 * @param {() => boolean} loses  asked for each reply
 * @returns {Promise<LossyProxy>}
 */
export async function createLossyProxy(loses) {
  let target = "";
  const sockets = new Set();
  const server = createServer((client) => {
    const [host, port] = target.split(":");
    const service = connect(Number(port), host);
    const cut = () => {
      client.destroy();
      service.destroy();
    };
    for (const socket of [client, service]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", cut);
      socket.on("close", () => {
        sockets.delete(socket);
        cut();
      });
    }
    client.on("data", (chunk) => service.write(chunk));
    const countReplies = createReplyCounter();
    service.on("data", (chunk) => {
      for (let reply = countReplies(chunk); reply > 0; reply -= 1) {
        proxy.replies += 1;
        if (loses()) {
          proxy.lost += 1;
          return cut();
        }
      }
      client.write(chunk);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = {
    address: `127.0.0.1:${server.address().port}`,
    replies: 0,
    lost: 0,
    forwardTo(address) {
      target = address;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return proxy;
}

/** How many DATA frames begin in a chunk: a unary reply has one, a refusal none. */
export function createReplyCounter() {
  let head = Buffer.alloc(0);
  let payload = 0;
  return (chunk) => {
    let found = 0;
    for (let rest = chunk; rest.length > 0; ) {
      const skipped = Math.min(payload, rest.length);
      payload -= skipped;
      rest = rest.subarray(skipped);
      const taken = rest.subarray(0, FRAME_HEAD_BYTES - head.length);
      head = Buffer.concat([head, taken]);
      rest = rest.subarray(taken.length);
      if (head.length < FRAME_HEAD_BYTES) break;
      payload = head.readUIntBE(0, 3);
      if (head[3] === DATA && payload > 0) found += 1;
      head = Buffer.alloc(0);
    }
    return found;
  };
}
