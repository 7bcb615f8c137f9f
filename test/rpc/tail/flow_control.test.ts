import { once } from "node:events";
import { type ClientHttp2Stream, connect } from "node:http2";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { expect, onTestFinished, test } from "vitest";
import { NO_RPC_OBSERVER } from "../../../src/rpc/observer.js";
import { createCallers } from "../../../src/rpc/security/callers.js";
import { createTailCall } from "../../../src/rpc/tail/tail.js";
import { createFakeJournal } from "../../support/journal.js";

const { tailSessions } = SessionLogService;
const same = (bytes: Buffer) => bytes;
/** from_sequence 1 and follow, behind gRPC's five bytes. */
const request = Buffer.of(0, 0, 0, 0, 4, 0x08, 1, 0x10, 1);
const ROWS = 60;
const ROW_BYTES = 1_000_000;

interface Tail {
  /** Nothing is read of it until somebody does. */
  readonly stream: ClientHttp2Stream;
  /** Resolves when the service has given the reader up. */
  readonly refused: Promise<void>;
  /** How many tails are open, this one included that it opens to see. */
  tails(): Promise<number>;
}

/** Opens a tail over large rows, as HTTP/2: grpc-js reads ahead whether its messages are taken or not. */
async function openTail(stall_ms: number): Promise<Tail> {
  const journal = createFakeJournal();
  journal.enter("open");
  const row = Buffer.from(`{"schema":"session.iterate.v1","session_id":"s","prompt":"${"x".repeat(ROW_BYTES)}"}\n`);
  await journal.append(Array.from({ length: ROWS }, () => row));
  let refuse = () => {};
  const refused = new Promise<void>((resolve) => {
    refuse = resolve;
  });
  let open = 0;
  const log = {
    isLevelEnabled: () => true,
    debug(fields: object, message: string) {
      if (message === "call refused") refuse();
      if ("tails" in fields) open = Number(fields.tails);
    },
    error: () => {},
  };
  const server = new Server();
  server.addService(
    { tailSessions: { ...tailSessions, requestDeserialize: same, responseSerialize: same } },
    {
      tailSessions: createTailCall({
        journal,
        log,
        observer: NO_RPC_OBSERVER,
        callers: createCallers(),
        message_bytes_max: 4_000_000,
        stall_ms,
      }),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    const bound = (error: Error | null, port: number) => (error === null ? resolve(port) : reject(error));
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), bound);
  });
  const session = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => {
    session.destroy();
    server.forceShutdown();
  });
  const headers = { ":method": "POST", ":path": tailSessions.path, "content-type": "application/grpc", te: "trailers" };
  const tail = () => {
    const stream = session.request(headers);
    stream.end(request);
    return stream;
  };
  return {
    stream: tail(),
    refused,
    async tails() {
      open = 0;
      const another = tail();
      await expect.poll(() => open).toBeGreaterThan(0);
      another.close();
      return open;
    },
  };
}

test("a reader that reads nothing for too long is told where to go on", async () => {
  const { stream, refused } = await openTail(200);
  await refused;
  let received = 0;
  stream.on("data", (bytes: Buffer) => {
    received += bytes.length;
  });
  const [trailers] = await once(stream, "trailers");
  const rows = Math.floor(received / ROW_BYTES);
  // However large the messages are, no more than a few wait.
  expect(rows).toBeLessThan(4);
  expect(trailers).toMatchObject({
    "grpc-status": "10",
    "grpc-message": encodeURI(`nothing was read for 0.2 s; continue with from_sequence ${rows + 1}`),
  });
});

test("a reader that has been given up counts until it is gone", async () => {
  const { stream, refused, tails } = await openTail(200);
  await refused;
  expect(await tails()).toBe(2);
  stream.close();
  await expect.poll(tails).toBe(1);
});

test("a reader that is slow gets all there is", async () => {
  const { stream } = await openTail(5_000);
  let received = 0;
  stream.on("data", (bytes: Buffer) => {
    received += bytes.length;
    stream.pause();
    setImmediate(() => stream.resume());
  });
  await expect.poll(() => received).toBeGreaterThan(ROWS * ROW_BYTES);
});
