import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { ErrorCode } from "../api.js";

/** What decides whether a request is served, and by which route. */
export interface Request {
  readonly method: string;
  /** As in the request line. */
  readonly url: string;
  readonly headers: Pick<IncomingHttpHeaders, "host" | "origin"> & { readonly [name: string]: unknown };
}

/** The page that alone may ask. */
export interface Guarded {
  readonly port: number;
  /** The first part of each path. */
  readonly token: string;
}

export type Verdict =
  /** `path` is what follows the token, "/" for the page itself. */
  | { readonly ok: true; readonly path: string; readonly query: URLSearchParams }
  | {
      readonly ok: false;
      readonly status: 401 | 403 | 405;
      readonly code: Extract<ErrorCode, "unauthorized" | "forbidden" | "method_not_allowed">;
      readonly message: string;
      readonly allow?: string;
    };

/** The one route that is posted to. */
export const SQL_PATH = "/api/sql";

/**
 * Who may ask, in this order: the Host has to be this server's own, so that a name that another site points here does not reach it; the
 * request has to come from its own page; then the token, then the method. A page of elsewhere may lead to this one, as `--open` does, but
 * only with the token, and not read it.
 */
export function guard({ method, url, headers }: Request, { port, token }: Guarded): Verdict {
  const forbidden = (message: string) => ({ ok: false, status: 403, code: "forbidden", message }) as const;
  const { host, origin } = headers;
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  if (host === undefined || !hosts.includes(host)) return forbidden(`expected Host ${hosts.join(", ")}`);
  const site = headers["sec-fetch-site"];
  const path = parsePath(url);
  const is_known = path !== undefined && isSame(path.token, token);
  const is_own = site === undefined || site === "same-origin" || site === "none";
  if (!is_own && !(is_known && isNavigation(headers, method, path.rest))) {
    return forbidden("another site's page may not ask");
  }
  if (origin !== undefined && origin !== `http://${host}`) return forbidden("another origin's page may not ask");
  if (!is_known) {
    return {
      ok: false,
      status: 401,
      code: "unauthorized",
      message: "expected the address that sessionlog view has printed",
    };
  }
  const allow = path.rest === SQL_PATH ? "POST" : "GET";
  if (method !== allow) {
    return { ok: false, status: 405, code: "method_not_allowed", message: `expected ${allow}`, allow };
  }
  return { ok: true, path: path.rest, query: path.query };
}

/** Whether a tab's own page is asked for, by a link or a redirect: nobody else can read what it gets. */
function isNavigation(headers: Request["headers"], method: string, rest: string): boolean {
  const top = headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
  return top && method === "GET" && rest === "/";
}

const PATH = /^\/(?<token>[A-Za-z0-9_-]{1,100})(?<rest>\/[^?#]*)(?:\?(?<query>[^#]*))?$/;

/** Undefined for what has no token. Nothing is decoded: the routes' paths have no characters that need it. */
function parsePath(url: string) {
  const { token, rest, query } = PATH.exec(url)?.groups ?? {};
  return token === undefined || rest === undefined ? undefined : { token, rest, query: new URLSearchParams(query) };
}

/** In a time that depends on neither text. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
