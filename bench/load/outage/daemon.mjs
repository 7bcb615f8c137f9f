// A daemon in JavaScript that has a session for each POST: daemon.mjs SESSION_LOG_ADDRESS
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { buildSessionRecord, createSessionLogger, traceIdFromHeaders } from "@sessionlog/client";

const log = createSessionLogger(process.argv[2], { daemon: "outage" });

const server = createServer(async (request, response) => {
  const began_ms = performance.now();
  const { kind, prompt } = await json(request);
  const trace_id = traceIdFromHeaders(request.headers);
  const artifact = { fills: [{ candidate_id: "W-1000", name: "Ana Bianchi" }] };
  const history = [{ iteration: 0, verdict_kind: "accepted" }];
  const session = { kind, prompt, model: "none", provider: "none", max_iterations: 3, trace_id };
  const duration_ms = Math.round(performance.now() - began_ms);
  log.append(buildSessionRecord(session, { response: { iterations: 1, history, artifact } }, { duration_ms }));
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ artifact }));
});
// As the others': connections stay open.
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => {
  const address = `127.0.0.1:${server.address().port}`;
  process.stderr.write(`${JSON.stringify({ msg: "serving", address })}\n`);
});
// What waits is of no interest any more.
process.on("SIGTERM", () => process.exit(0));
