import { isIPv4, isIPv6 } from "node:net";

/** Where a server listens: a TCP address or the path of a Unix socket. */
export type Address =
  | { readonly kind: "tcp"; readonly host: string /* without brackets */; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/**
 * Reads `host:port`, `[ipv6]:port` or `unix:/path` (gRPC's names for them); undefined when the text is none of these.
 * The port may be 0, which means any free one.
 */
export function parseAddress(text: string): Address | undefined {
  const socket = /^unix:(?:\/\/)?(\/[^/\0][^\0]*)$/.exec(text);
  if (socket?.[1] !== undefined) return { kind: "unix", path: socket[1] };
  const parts = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  if (parts === null) return undefined;
  const [, ipv6, name, digits] = parts;
  const port = Number(digits);
  if (port > 65535 || (ipv6 !== undefined && !isIPv6(ipv6))) return undefined;
  return { kind: "tcp", host: ipv6 ?? name ?? "", port };
}

/** Whether only programs on this machine can reach the address. Names other than localhost may mean anything, so they count as reachable. */
export function isLoopback(address: Address): boolean {
  if (address.kind === "unix") return true;
  const { host } = address;
  if (isIPv6(host)) return new URL(`http://[${host}]`).hostname === "[::1]";
  return host.toLowerCase() === "localhost" || (isIPv4(host) && host.startsWith("127."));
}

/** sun_path has 108 bytes, one of them for the end: a longer path is cut without an error. */
const SOCKET_PATH_BYTES_MAX = 107;

/** Why an address cannot be used although it is well formed; undefined for a good one. */
export function addressProblem(address: Address): string | undefined {
  if (address.kind !== "unix") return undefined;
  const bytes = Buffer.byteLength(address.path);
  if (bytes <= SOCKET_PATH_BYTES_MAX) return undefined;
  return `the socket path has ${bytes} bytes, at most ${SOCKET_PATH_BYTES_MAX} are possible`;
}

/** Whether only programs on this machine can reach what listens on this. */
export function isLocal(text: string): boolean {
  const address = parseAddress(text);
  return address !== undefined && isLoopback(address);
}
