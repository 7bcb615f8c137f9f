import type { ServerResponse } from "node:http";
import { SqlError } from "../../query/index.js";
import type { ErrorAnswer, ErrorCode } from "../api.js";
import { Busy } from "../data/queue.js";
import { Ambiguous, NotFound } from "../data/session.js";
import { StillLoading, Unreadable } from "../data/viewed_journal.js";
import { BadRequest } from "../filter.js";
import type { Asset } from "./assets.js";
import { HEADERS } from "./headers.js";

/** Stopped after ten seconds. */
export class Late extends Error {
  override readonly name = "Late";
}

/** A newer request of the same page has taken its place. */
export class Superseded extends Error {
  override readonly name = "Superseded";
}

/** A body that is too long. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";
}

const STATUS: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  superseded: 409,
  ambiguous: 409,
  too_large: 413,
  sql: 422,
  internal: 500,
  journal: 502,
  busy: 503,
  late: 504,
};
/** Seconds, of what is worth another try. */
const RETRY_AFTER: Readonly<Partial<Record<ErrorCode, string>>> = { busy: "1", journal: "2" };

const KINDS = [
  [BadRequest, "bad_request"],
  [NotFound, "not_found"],
  [Ambiguous, "ambiguous"],
  [Superseded, "superseded"],
  [TooLarge, "too_large"],
  [SqlError, "sql"],
  [Unreadable, "journal"],
  [Busy, "busy"],
  [Late, "late"],
] as const;

/** The code of a failure; "internal" for what is a defect. */
function codeOf(error: unknown): ErrorCode {
  return KINDS.find(([kind]) => error instanceof kind)?.[1] ?? "internal";
}

/** Whether a failure is none that is expected. */
export const isDefect = (error: unknown): boolean => codeOf(error) === "internal" && !(error instanceof StillLoading);

/** Answers with a value as JSON. */
export function sendJson(response: ServerResponse, value: unknown, status = 200, headers: Headers = {}): void {
  send(
    response,
    status,
    { type: "application/json; charset=utf-8", bytes: Buffer.from(JSON.stringify(value)) },
    headers,
  );
}

/** Answers with a failure: its words, or for a defect none of them. */
export function sendFailure(response: ServerResponse, error: unknown): void {
  if (error instanceof StillLoading) {
    sendJson(response, error.answer, 202, { "retry-after": "1" });
    return;
  }
  const code = codeOf(error);
  const text =
    code === "internal" || !(error instanceof Error) ? "the viewer failed; see its standard error" : error.message;
  const [message = "", ...details] = text.split("\n");
  sendError(response, code, message, details.join("\n").trim());
}

export function sendError(
  response: ServerResponse,
  code: ErrorCode,
  message: string,
  details = "",
  headers: Headers = {},
): void {
  const retry_after = RETRY_AFTER[code];
  const answer: ErrorAnswer = { error: { code, message, details } };
  sendJson(response, answer, STATUS[code], {
    ...headers,
    ...(retry_after === undefined ? {} : { "retry-after": retry_after }),
  });
}

type Headers = Readonly<Record<string, string>>;

export function send(response: ServerResponse, status: number, { type, bytes }: Asset, headers: Headers = {}): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...HEADERS, ...headers, "content-type": type, "content-length": bytes.length });
  response.end(bytes);
}
