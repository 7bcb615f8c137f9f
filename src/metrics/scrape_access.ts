import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";

/** Who may read /metrics. */
export interface ScrapeAccess {
  /** SHA-256 of the token that lets in; undefined: none does. */
  readonly token: Buffer | undefined;
  /** Nobody else but a client whose certificate was verified. */
  readonly closed: boolean;
}

const BEARER = /^bearer +([\x21-\x7e]+)$/i;

export function mayScrape({ token, closed }: ScrapeAccess, { headers, socket }: IncomingMessage): boolean {
  if (socket instanceof TLSSocket && socket.authorized) return true;
  if (token === undefined) return !closed;
  const [, given = ""] = BEARER.exec(headers.authorization ?? "") ?? [];
  return timingSafeEqual(createHash("sha256").update(given).digest(), token);
}
