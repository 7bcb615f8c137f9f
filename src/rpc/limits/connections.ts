import type { Socket } from "node:net";
import type { ConnectionPort } from "../listen.js";
import type { LimitReports } from "./reports.js";

/** The open connections. */
export interface Connections extends ConnectionPort {
  /** Cuts all of them. */
  cutAll(): void;
}

export interface ConnectionsOptions {
  /** These two may change. */
  readonly connections_max: number;
  readonly peer_connections_max: number;
  readonly reports: Pick<LimitReports, "connectionRefused">;
  readonly observer: { connectionsChanged(open: number): void };
  /** Gets each connection that is let in. */
  serve(socket: Socket): void;
}

/** Lets connections in as far as the limits allow; further ones are closed at once. */
export function createConnections(options: ConnectionsOptions): Connections {
  const { reports, observer, serve } = options;
  const open = new Set<Socket>();
  const peers = new Map<string, number>();

  function refuse(socket: Socket, limit: "max_connections" | "max_connections_per_peer"): void {
    reports.connectionRefused(limit, peerOf(socket));
    socket.destroy();
  }

  return {
    accept(socket) {
      if (open.size >= options.connections_max) {
        refuse(socket, "max_connections");
        return;
      }
      const peer = countedPeer(socket);
      const of_peer = peers.get(peer) ?? 0;
      if (peer !== "" && of_peer >= options.peer_connections_max) {
        refuse(socket, "max_connections_per_peer");
        return;
      }
      open.add(socket);
      peers.set(peer, of_peer + 1);
      observer.connectionsChanged(open.size);
      serve(socket);
      socket.once("close", () => {
        open.delete(socket);
        const left = (peers.get(peer) ?? 1) - 1;
        if (left === 0) peers.delete(peer);
        else peers.set(peer, left);
        observer.connectionsChanged(open.size);
      });
    },
    acceptFailed() {
      reports.connectionRefused("open_files", "");
    },
    cutAll() {
      for (const socket of open) socket.destroy();
    },
  };
}

/** How logs name the other side; "" for a Unix socket. */
export function peerOf(socket: Socket): string {
  return socket.remoteAddress ?? "";
}

/** The address that counts; "" for this machine's own programs, which have no limit of their own. */
function countedPeer(socket: Socket): string {
  const peer = peerOf(socket).replace(/^::ffff:/, "");
  return peer === "::1" || peer.startsWith("127.") ? "" : peer;
}
