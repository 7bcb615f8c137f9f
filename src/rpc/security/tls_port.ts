import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type DetailedPeerCertificate, type SecureContextOptions, type Server } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import type { TlsFiles } from "../../config/tls_files.js";
import { createTurnShare, createTurns } from "../limits/turns.js";

/** Makes connections secure, where that is set. */
export interface TlsPort {
  accept(socket: Socket): void;
  /** For connections to come. Those that are open stay, but for those that could not be made any more: they are cut. */
  update(settings: TlsSettings | undefined): void;
}

/** Undefined: connections are served in the clear. */
export interface TlsSettings {
  readonly files: TlsFiles;
  readonly client_auth: "none" | "optional" | "require";
  readonly min_version: "1.2" | "1.3";
}

export interface TlsPortOptions {
  readonly settings: TlsSettings | undefined;
  /** By preference. */
  readonly protocols: readonly ("h2" | "http/1.1")[];
  /** Gets each connection whose bytes can be read. */
  readonly serve: (socket: Socket) => void;
  /** A handshake failed: why, in a few words. */
  readonly refused: (socket: Socket, why: string) => void;
}

/** What a client has shown of itself. */
interface Shown {
  /** Undefined in the clear. */
  readonly version: string | undefined;
  /** The authorities that its certificate came from; undefined without one. */
  readonly authorities: ReadonlySet<string> | undefined;
}

const IN_THE_CLEAR: Shown = { version: undefined, authorities: undefined };
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Handshakes that are begun in one turn of the event loop: each takes some milliseconds. The others wait unread. */
const TURN_HANDSHAKES_MAX = 4;

export function createTlsPort({ settings: first, protocols, serve, refused }: TlsPortOptions): TlsPort {
  const turns = createTurns(TURN_HANDSHAKES_MAX);
  const share = createTurnShare();
  const open = new Map<Socket, Shown>();
  let settings = first;
  let server = first && listenFor(first);

  function keep(socket: Socket, shown: Shown): void {
    open.set(socket, shown);
    socket.once("close", () => open.delete(socket));
    serve(socket);
  }

  /** Settings that were replaced are still those of handshakes that had begun. */
  function listenFor(own: TlsSettings): Server {
    const asks = own.client_auth !== "none";
    const listener = createServer({
      ...contextOf(own),
      ALPNProtocols: [...protocols],
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      requestCert: asks,
      rejectUnauthorized: own.client_auth === "require",
    });
    listener.on("secureConnection", (socket) => {
      // Without one, it is an object without keys.
      const certificate = socket.getPeerCertificate(true);
      const authorities = asks && "subject" in certificate ? authoritiesOf(certificate) : undefined;
      const shown = { version: socket.getProtocol() ?? "", authorities };
      const unverified = authorities !== undefined && !socket.authorized;
      if (!unverified && isGood(shown, settings)) {
        keep(socket, shown);
        return;
      }
      refused(socket, unverified ? String(socket.authorizationError) : "the configuration has changed");
      socket.destroy();
    });
    listener.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
      refused(socket, error.code ?? "an error without a code");
      socket.destroy();
    });
    return listener;
  }

  return {
    accept(socket) {
      if (server === undefined) {
        keep(socket, IN_THE_CLEAR);
        return;
      }
      socket.on("error", () => {});
      turns.begin(share, () => {
        if (!socket.destroyed) server?.emit("connection", socket);
      });
    },
    update(next) {
      if (isDeepStrictEqual(next, settings)) return;
      server = next && listenFor(next);
      settings = next;
      for (const [socket, shown] of open) if (!isGood(shown, next)) socket.destroy();
    },
  };
}

function contextOf({ files: { cert, key, ca }, client_auth, min_version }: TlsSettings): SecureContextOptions {
  return {
    cert,
    key,
    ...(ca && { ca }),
    minVersion: min_version === "1.3" ? "TLSv1.3" : "TLSv1.2",
    // A session that is resumed does not show the chain again that its client came with.
    ...(client_auth !== "none" && { secureOptions: constants.SSL_OP_NO_TICKET }),
  };
}

/** Whether a connection could be made with these settings. */
function isGood({ version, authorities }: Shown, settings: TlsSettings | undefined): boolean {
  if (settings === undefined) return true;
  const { files, client_auth, min_version } = settings;
  if (version === undefined || (min_version === "1.3" && version !== "TLSv1.3")) return false;
  if (authorities === undefined) return client_auth !== "require";
  return client_auth !== "none" && [...authorities].some((authority) => files.ca_fingerprints.has(authority));
}

/** The fingerprints of a chain; its last certificate names itself as its issuer. */
function authoritiesOf(certificate: DetailedPeerCertificate): ReadonlySet<string> {
  const fingerprints = new Set<string>();
  for (let next = certificate; next !== undefined; next = next.issuerCertificate) {
    if (fingerprints.has(next.fingerprint256)) break;
    fingerprints.add(next.fingerprint256);
  }
  return fingerprints;
}
