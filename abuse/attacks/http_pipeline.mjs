import { HEAD, useConnection } from "../support/http1.mjs";

const records = `{"records":[${Array.from({ length: 1_000 }, () => "{}").join()}]}`;
const request = `${HEAD.replace("AppendSession ", "BatchAppendSessions ")}content-length: ${records.length}\r\n\r\n${records}`;

/** Requests with large answers, sent ahead, and no answer read. */
export function connectAndAttack(address) {
  return useConnection(address, (socket) => {
    const write = () => {
      while (!socket.destroyed && socket.write(request));
    };
    socket.on("drain", write);
    write();
  });
}
