import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { RetryInfo } from "@sessionlog/protocol/gen/google/rpc/error_details";
import { Status } from "@sessionlog/protocol/gen/google/rpc/status";
import {
  type BatchAppendSessionsRequest,
  type BatchAppendSessionsResponse,
  SessionLogService,
  type SessionRecord,
} from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { onTestFinished, vi } from "vitest";
import { startTestServer, type TestServer, type TestServerOptions } from "../../../test/support/server.js";
import { createSessionLogger, type SessionLogger, type SessionLoggerOptions } from "../src/index.js";
import type { SessionRecordInput } from "../src/record/record.js";

/** How a fake service answers one call: with a status, with undefined for OK, or with one result too few. */
export type Answer = (
  records: readonly SessionRecord[],
) =>
  | { readonly code: status; readonly message?: string; readonly retry_after_ms?: number }
  | "hold"
  | "short"
  | undefined;

export interface FakeService {
  readonly address: string;
  /** The records of each batch that came, and its authorization. */
  readonly batches: (readonly SessionRecord[])[];
  readonly authorizations: string[];
  readonly user_agents: string[];
  /** Answers for the next calls, the last one for all that follow. */
  script(...answers: Answer[]): void;
  close(): void;
}

/** A real gRPC server whose statuses are scripted. */
export async function startFakeService(
  credentials = ServerCredentials.createInsecure(),
  address = "127.0.0.1:0",
): Promise<FakeService> {
  const server = new Server();
  let answers: Answer[] = [() => undefined];
  const batches: (readonly SessionRecord[])[] = [];
  const authorizations: string[] = [];
  const user_agents: string[] = [];
  function batch(
    call: ServerUnaryCall<BatchAppendSessionsRequest, BatchAppendSessionsResponse>,
    reply: sendUnaryData<BatchAppendSessionsResponse>,
  ): void {
    const { records } = call.request;
    batches.push(records);
    user_agents.push(`${call.metadata.get("user-agent")[0]}`);
    authorizations.push(`${call.metadata.get("authorization")[0] ?? ""}`);
    const answer = (answers.length > 1 ? answers.shift() : answers[0])?.(records);
    if (answer === "hold") return;
    if (answer !== undefined && answer !== "short") {
      reply({ code: answer.code, details: answer.message ?? "scripted", metadata: retryInfo(answer.retry_after_ms) });
      return;
    }
    const results = records.map(({ session_id, timestamp }, index) => ({
      outcome: { $case: "appended" as const, value: { session_id, timestamp, sequence: index + 1, duplicate: false } },
    }));
    reply(null, { results: answer === "short" ? results.slice(1) : results });
  }
  server.addService(SessionLogService, {
    batchAppendSessions: batch,
    appendSession: (_: unknown, reply: sendUnaryData<never>) => reply({ code: status.UNIMPLEMENTED }),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  return {
    address: `127.0.0.1:${port}`,
    batches,
    authorizations,
    user_agents,
    script(...next) {
      answers = next;
    },
    close: () => server.forceShutdown(),
  };
}

function retryInfo(delay_ms: number | undefined): Metadata {
  const metadata = new Metadata();
  if (delay_ms === undefined) return metadata;
  const retry_delay = { seconds: Math.floor(delay_ms / 1_000), nanos: (delay_ms % 1_000) * 1e6 };
  const value = Buffer.from(RetryInfo.encode({ retry_delay }).finish());
  const details = [{ type_url: "type.googleapis.com/google.rpc.RetryInfo", value }];
  metadata.set("grpc-status-details-bin", Buffer.from(Status.encode({ code: 8, message: "", details }).finish()));
  return metadata;
}

export interface TestLogger extends SessionLogger {
  /** What is not expected in each run. */
  readonly told: string[];
  /** What is in effect. */
  readonly notes: string[];
}

/** A logger that hurries, and what it tells. */
export function quickLogger(address: string, options: SessionLoggerOptions = {}): TestLogger {
  const told: string[] = [];
  const notes: string[] = [];
  const isNote = (message: string) => /^session log: (sending to|the first row is stored)/.test(message);
  const log = {
    info: (message: string) => void (isNote(message) ? notes : told).push(message),
    warn: (message: string) => void told.push(message),
  };
  const logger = createSessionLogger(address, {
    daemon: "validatord",
    log,
    min_backoff_ms: 10,
    max_backoff_ms: 50,
    ...options,
  });
  return { ...logger, told, notes };
}

export function accepted(number: number, fields: Partial<SessionRecordInput> = {}): SessionRecordInput {
  return { kind: "fill", final_verdict: "accepted", session_id: `session-${number}`, ...fields };
}

/** Resolves once a condition holds that comes true by itself; the test's own timeout ends it. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** A real service, until the test ends. */
export async function serve(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await startTestServer(options);
  onTestFinished(async () => {
    await server.close();
  });
  return server;
}

/** An address where nothing listens, until a service is started there. */
export async function freeAddress(): Promise<string> {
  const server = await startTestServer();
  await server.close();
  return server.address;
}

/** An HTTP proxy that the environment variable `name` names until the test ends. It lets nobody through, and notes what it
 * was asked for. */
export async function startProxy(name: string): Promise<{ readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(403).end();
  });
  server.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  for (const other of ["no_grpc_proxy", "no_proxy", "grpc_proxy", "https_proxy", "http_proxy"]) vi.stubEnv(other, "");
  vi.stubEnv(name, `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    server.close();
    server.closeAllConnections();
  });
  return { asked };
}

/** The session ids in a session log. */
export const ids = (path: string) =>
  readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((row): string => JSON.parse(row).session_id);
export const names = (count: number, first = 0) =>
  Array.from({ length: count }, (_, index) => `session-${first + index}`);
