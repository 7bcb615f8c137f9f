import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createDeadlines } from "../../src/metrics/deadlines.js";

/** Both ends of a connection. */
async function connection(): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const accepted = once(server, "connection");
  const client = connect(Number(Object(server.address()).port), "127.0.0.1").on("error", () => {});
  onTestFinished(() => void client.destroy());
  return [(await accepted)[0], client];
}

/** Not once(), which rejects at an error before. */
function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once("close", resolve));
}

test("createDeadlines cuts a connection when its deadline has passed, however busy it is", async () => {
  const [socket, client] = await connection();
  socket.resume();
  const timer = setInterval(() => client.write("x"), 5);
  onTestFinished(() => clearInterval(timer));
  createDeadlines().begin(socket, 50);
  await closed(client);
  expect(socket.destroyed).toBe(true);
});

test("createDeadlines has one deadline for each connection: the last one", async () => {
  const [[one], [other]] = [await connection(), await connection()];
  const deadlines = createDeadlines();
  deadlines.begin(one, 20);
  deadlines.begin(one, 600_000);
  deadlines.begin(other, 40);
  await closed(other);
  expect(one.destroyed).toBe(false);
  one.destroy();
  await closed(one);
  deadlines.begin(one, 20);
});
