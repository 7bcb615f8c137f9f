import { hash, timingSafeEqual } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import type { Identity, Role, Token } from "../../config/auth_file.js";
import { type RpcStatus, UNAUTHENTICATED } from "../errors.js";
import { HEALTH } from "../health.js";
import type { Caller } from "./callers.js";
import type { ConnectionCredentials } from "./credentials.js";

/** What a client shows of itself with a call. */
export interface Credentials extends ConnectionCredentials {
  /** The header `authorization`, as it came. */
  readonly authorization: string | undefined;
}

export type Admitted =
  | { readonly ok: true; readonly caller: Caller | undefined }
  | ({ readonly ok: false; readonly status: RpcStatus } & Failure);

/** Why a call is not let in, for logs and metrics; a client is not told. */
interface Failure {
  readonly failure: AuthFailure;
  /** Of the token that it came with, when that is known. */
  readonly token_id?: string | undefined;
}

export type AuthFailure =
  | "no_credentials"
  | "malformed"
  | "unknown_token"
  | "expired_token"
  | "unknown_certificate"
  | "two_identities"
  | "reflection_off"
  | "role";

/** Decides who a client is, and whether it may call a method. */
export interface Access {
  admit(path: string, credentials: Credentials): Admitted;
  /** Whether a call that was let in would be let in now, and see the same rows. */
  holds(caller: Caller | undefined, path: string): boolean;
}

export interface AccessOptions {
  readonly identities: readonly Identity[];
  readonly reflection: "authenticated" | "public" | "off";
  /** The identity of clients of a Unix socket that show nothing; "" for none. */
  readonly unix_identity: string;
  readonly now_ms: () => number;
}

const REFLECTION = /^\/grpc\.reflection\.v1(?:alpha)?\.ServerReflection\//;

/** The roles that may call a method; each method of SessionLog has its row here. */
export const METHOD_ROLES: Readonly<Record<string, readonly Role[]>> = {
  [SessionLogService.appendSession.path]: ["append", "admin"],
  [SessionLogService.batchAppendSessions.path]: ["append", "admin"],
  [SessionLogService.tailSessions.path]: ["read", "admin"],
};

/** The path of a method, for logs: clients must not be able to write there what they want. */
export function knownMethod(path: string): string {
  return Object.hasOwn(METHOD_ROLES, path) || (REFLECTION.test(path) && path.endsWith("/ServerReflectionInfo"))
    ? path
    : "unknown";
}

const REFLECTION_OFF: RpcStatus = { code: status.UNIMPLEMENTED, details: "reflection is off" };

/** Longer ones are no tokens, and are not hashed. */
const TOKEN_CHARACTERS_MAX = 1_024;
const BEARER = /^bearer +([\x21-\x7e]+)$/i;

/** SHA-256, hex, of the token in the header `authorization`; undefined when that is none. */
export function bearerDigest(authorization: string): string | undefined {
  const [, text = ""] = BEARER.exec(authorization) ?? [];
  if (text === "" || text.length > TOKEN_CHARACTERS_MAX) return undefined;
  // In one call, as each call of a client pays for it.
  return hash("sha256", text);
}

interface Known {
  readonly identity: Identity;
  readonly token: Token;
}

export function createAccess({ identities, reflection, unix_identity, now_ms }: AccessOptions): Access {
  const byDigest = new Map<string, Known>();
  const byCertificate = new Map<string, Identity>();
  for (const identity of identities) {
    for (const name of identity.certificates) byCertificate.set(name, identity);
    for (const token of identity.tokens) byDigest.set(token.sha256.toString("hex"), { identity, token });
  }
  const ofSocket = identities.find(({ name }) => name === unix_identity);

  function known(authorization: string): Known | Failure {
    const digest = bearerDigest(authorization);
    if (digest === undefined) return { failure: "malformed" };
    const found = byDigest.get(digest);
    if (found === undefined || !timingSafeEqual(found.token.sha256, Buffer.from(digest, "hex")))
      return { failure: "unknown_token" };
    return isCurrent(found.token) ? found : { failure: "expired_token", token_id: found.token.id };
  }

  function isCurrent({ not_after_ms = Number.POSITIVE_INFINITY }: Token): boolean {
    return now_ms() < not_after_ms;
  }

  /** A token that is presented must be good; a certificate that is known as well must be of the same identity. */
  function identify({ authorization, certificate_names, unix }: Credentials): Caller | Failure {
    const certified = certificate_names.map((name) => byCertificate.get(name)).find((found) => found !== undefined);
    if (authorization !== undefined) {
      const found = known(authorization);
      if ("failure" in found) return found;
      if (certified !== undefined && certified !== found.identity) {
        return { failure: "two_identities", token_id: found.token.id };
      }
      return toCaller(found.identity, { token: found.token });
    }
    if (certified !== undefined) return toCaller(certified, { certificate_names });
    if (certificate_names.length > 0) return { failure: "unknown_certificate" };
    return unix && ofSocket !== undefined ? toCaller(ofSocket, {}) : { failure: "no_credentials" };
  }

  return {
    admit(path, credentials) {
      if (path.startsWith(HEALTH)) return { ok: true, caller: undefined };
      const caller = identify(credentials);
      const reflects = REFLECTION.test(path);
      if ("failure" in caller) {
        const anyone = reflects && reflection === "public" && credentials.authorization === undefined;
        return anyone ? { ok: true, caller: undefined } : { ok: false, status: UNAUTHENTICATED, ...caller };
      }
      const token_id = caller.token?.id;
      if (reflects && reflection === "off") {
        return { ok: false, status: REFLECTION_OFF, failure: "reflection_off", token_id };
      }
      const roles = METHOD_ROLES[path];
      if (roles === undefined || roles.some((role) => caller.roles.has(role))) return { ok: true, caller };
      const method = path.slice(path.lastIndexOf("/") + 1);
      const details = `${caller.name} may not call ${method}: it needs the role ${roles.join(" or ")}`;
      return { ok: false, status: { code: status.PERMISSION_DENIED, details }, failure: "role", token_id };
    },
    holds(caller, path) {
      if (path.startsWith(HEALTH)) return true;
      const reflects = REFLECTION.test(path);
      if (caller === undefined) return reflects && reflection === "public";
      const identity = identities.find(({ name }) => name === caller.name);
      if (identity === undefined || (reflects && reflection === "off")) return false;
      const may = METHOD_ROLES[path]?.some((role) => identity.roles.has(role)) ?? true;
      return may && seesAsMuch(identity, caller) && isStill(identity, caller);
    },
  };

  /** Whether what a caller has shown is still that of the identity. */
  function isStill(identity: Identity, { token, certificate_names }: Caller): boolean {
    if (token !== undefined)
      return isCurrent(token) && identity.tokens.some(({ sha256 }) => sha256.equals(token.sha256));
    if (certificate_names !== undefined) return certificate_names.some((name) => byCertificate.get(name) === identity);
    return identity === ofSocket;
  }
}

function seesAsMuch({ roles, daemons }: Identity, caller: Caller): boolean {
  if (roles.has("admin")) return true;
  return !caller.roles.has("admin") && caller.daemons.every((daemon) => daemons.includes(daemon));
}

function toCaller({ name, daemons, roles }: Identity, shown: Pick<Caller, "token" | "certificate_names">): Caller {
  return { name, daemons, roles, ...shown };
}
