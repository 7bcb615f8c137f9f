import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** What a client shows of itself with its connection. */
export interface ConnectionCredentials {
  /** The subject alternative names of its certificate, which was verified when the connection was made. */
  readonly certificate_names: readonly string[];
  readonly unix: boolean;
}

export function credentialsOf(socket: Socket): ConnectionCredentials {
  return { certificate_names: certificateNames(socket), unix: socket.remoteAddress === undefined };
}

function certificateNames(socket: Socket): readonly string[] {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return [];
  const names = socket.getPeerX509Certificate()?.subjectAltName ?? "";
  // Node quotes names in which a comma could be taken for the next name.
  return names === "" || names.includes('"') ? [] : names.split(", ");
}
