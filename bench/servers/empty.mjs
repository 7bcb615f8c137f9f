import { Server, ServerCredentials } from "@grpc/grpc-js";
import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";

/** What any answer costs: the request's bytes are not looked at, the reply is one that was made before. */
export async function serveEmptyHandler(logger) {
  const { appendSession, batchAppendSessions } = SessionLogService;
  const appended = {
    session_id: "0".repeat(32),
    timestamp: { seconds: 1_777_699_329, nanos: 5 },
    sequence: 1,
    duplicate: false,
  };
  const batch = { results: Array.from({ length: 100 }, () => ({ outcome: { $case: "appended", value: appended } })) };
  const identity = (bytes) => bytes;
  const server = new Server({ "grpc.enable_channelz": 0 });
  server.addService(
    {
      appendSession: { ...appendSession, requestDeserialize: identity },
      batchAppendSessions: { ...batchAppendSessions, requestDeserialize: identity },
    },
    {
      appendSession: (_call, callback) => callback(null, appended),
      batchAppendSessions: (_call, callback) => callback(null, batch),
    },
  );
  const port = await new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  logger.info({ address: `127.0.0.1:${port}` }, "serving");
  process.on("SIGTERM", () => server.forceShutdown());
}
