import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type DetailedPeerCertificate, type SecureContextOptions, type TLSSocket } from "node:tls";
import type { TlsFiles } from "../../config/tls_files.js";
import { createTurnShare, createTurns } from "../limits/turns.js";

/** Makes connections secure. */
export interface TlsPort {
  accept(socket: Socket): void;
  /** For connections to come; those that are open stay, but for clients whose authority is gone. */
  update(files: TlsFiles): void;
}

export interface TlsPortOptions {
  readonly files: TlsFiles;
  readonly client_auth: "none" | "optional" | "require";
  readonly min_version: "1.2" | "1.3";
  /** By preference. */
  readonly protocols: readonly ("h2" | "http/1.1")[];
  /** Gets each connection whose handshake is done. */
  readonly serve: (socket: TLSSocket) => void;
  /** A handshake failed: why, in a few words. */
  readonly refused: (socket: Socket, why: string) => void;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Handshakes that are begun in one turn of the event loop: each takes some milliseconds. The others wait unread. */
const TURN_HANDSHAKES_MAX = 4;

export function createTlsPort(options: TlsPortOptions): TlsPort {
  const { client_auth, serve, refused } = options;
  const asks = client_auth !== "none";
  const turns = createTurns(TURN_HANDSHAKES_MAX);
  const share = createTurnShare();
  /** Connections of clients with a certificate, and the authorities that it came from. */
  const known = new Map<TLSSocket, ReadonlySet<string>>();

  function contextOf({ cert, key, ca }: TlsFiles): SecureContextOptions {
    return {
      cert,
      key,
      ...(ca && { ca }),
      minVersion: options.min_version === "1.3" ? "TLSv1.3" : "TLSv1.2",
      // A session that is resumed does not show the chain again that its client came with.
      ...(asks && { secureOptions: constants.SSL_OP_NO_TICKET }),
    };
  }

  const server = createServer({
    ...contextOf(options.files),
    ALPNProtocols: [...options.protocols],
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    requestCert: asks,
    rejectUnauthorized: client_auth === "require",
  });
  server.on("secureConnection", (socket) => {
    if (asks) {
      const certificate = socket.getPeerCertificate(true);
      const shown = Object.keys(certificate).length > 0;
      if (shown && !socket.authorized) {
        refused(socket, String(socket.authorizationError));
        socket.destroy();
        return;
      }
      if (shown) {
        known.set(socket, authoritiesOf(certificate));
        socket.once("close", () => known.delete(socket));
      }
    }
    serve(socket);
  });
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
    refused(socket, error.code ?? "an error without a code");
    socket.destroy();
  });

  return {
    accept(socket) {
      socket.on("error", () => {});
      turns.begin(share, () => {
        if (!socket.destroyed) server.emit("connection", socket);
      });
    },
    update(files) {
      server.setSecureContext(contextOf(files));
      for (const [socket, authorities] of known) {
        if (![...authorities].some((authority) => files.ca_fingerprints.has(authority))) socket.destroy();
      }
    },
  };
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
