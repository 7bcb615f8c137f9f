import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { bearerDigest } from "../rpc/security/access.js";

/** Who may read /metrics. */
export interface ScrapeAccess {
  /** SHA-256 of the token that lets in; undefined: none does. */
  readonly token: Buffer | undefined;
  /** Nobody else but a client whose certificate was verified. */
  readonly closed: boolean;
}

export function mayScrape({ token, closed }: ScrapeAccess, { headers, socket }: IncomingMessage): boolean {
  if (socket instanceof TLSSocket && socket.authorized) return true;
  if (token === undefined) return !closed;
  const given = bearerDigest(headers.authorization ?? "");
  return given !== undefined && timingSafeEqual(Buffer.from(given, "hex"), token);
}
