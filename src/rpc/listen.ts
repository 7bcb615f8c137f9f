import { lookup } from "node:dns/promises";
import { chmodSync, chownSync } from "node:fs";
import { access, lstat, unlink } from "node:fs/promises";
import { connect, createServer, type ListenOptions, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { errorCode } from "../config/errors.js";

/** Where connections are accepted. */
export interface Listener {
  /** `host:port` with the real port, or `unix:/path`. */
  readonly address: string;
  /** Accepts no further connections; those that are open stay. */
  stop(): void;
}

/** A listener; or why there is none, in one line that names the address. */
export type ListenOutcome =
  | { readonly ok: true; readonly listener: Listener }
  | { readonly ok: false; readonly message: string };

/** Gets what a listener accepts. */
export interface ConnectionPort {
  accept(socket: Socket): void;
  /** A connection could not be accepted: no descriptor is free. */
  acceptFailed(error: Error): void;
}

/** Who may connect to a Unix socket. */
export interface SocketOwner {
  /** Permissions. */
  readonly mode: number;
  /** Of the system, by its number; undefined: that of the process. */
  readonly group: number | undefined;
}

/** Of the process and its group. */
const SOCKET: SocketOwner = { mode: 0o660, group: undefined };
const UNIX_PREFIX = "unix:";
/** Connections that the kernel may hold until they are accepted. */
const BACKLOG = 511;

/**
 * Listens on `host:port` (port 0: a free one; every address of the host's name) or `unix:/path`. A socket file without a
 * listener, left by a crash, is removed.
 */
export async function listen(address: string, port: ConnectionPort, socket = SOCKET): Promise<ListenOutcome> {
  const servers: Server[] = [];
  const stop = () => {
    for (const server of servers) server.close();
  };
  try {
    if (!address.startsWith(UNIX_PREFIX)) {
      const bound = await bindHost(servers, address, port);
      return { ok: true, listener: { address: bound, stop } };
    }
    const path = address.slice(UNIX_PREFIX.length).replace(/^\/\//, "");
    await prepareSocketPath(path);
    await bindPath(servers, path, port, socket);
    return { ok: true, listener: { address, stop } };
  } catch (error) {
    stop();
    return { ok: false, message: `cannot listen on ${address}: ${explain(error)}` };
  }
}

/** Binds all addresses of a host: a `localhost` whose IPv4 port is in use must not be served on IPv6 alone. */
async function bindHost(servers: Server[], address: string, connections: ConnectionPort): Promise<string> {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon);
  let port = Number(address.slice(colon + 1));
  const resolved = await lookup(host.replace(/^\[(.*)\]$/, "$1"), { all: true });
  for (const { address: ip, family } of resolved) {
    try {
      port = await bind(servers, { host: ip, port, ipv6Only: family === 6 && resolved.length > 1 }, connections);
    } catch (error) {
      // A machine without IPv6 may still resolve localhost to ::1.
      const missing = /EADDRNOTAVAIL|EAFNOSUPPORT/.test(String(error));
      if (!missing || resolved.length === 1) throw error;
    }
  }
  if (servers.length === 0) throw new Error("EADDRNOTAVAIL");
  return `${host}:${port}`;
}

/** In one turn of the event loop, so that no other file gets this umask. Nobody else connects before the group is right. */
async function bindPath(servers: Server[], path: string, port: ConnectionPort, { mode, group }: SocketOwner) {
  const own = group === undefined ? mode : mode & 0o700;
  const before = process.umask(0o777 & ~own);
  const bound = bind(servers, { path }, port);
  process.umask(before);
  await bound;
  if (group === undefined) return;
  try {
    chownSync(path, -1, group);
    chmodSync(path, mode);
  } catch (error) {
    const code = errorCode(error) ?? "";
    throw new Error(
      `${code === "EPERM" ? "this user may not give its socket" : "the socket cannot be given"} to the group ${group} (${code})`,
    );
  }
}

/** Resolves with the port, 0 for a path. */
function bind(servers: Server[], where: ListenOptions, connections: ConnectionPort): Promise<number> {
  const server = createServer(connections.accept);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ backlog: BACKLOG, ...where }, () => {
      server.off("error", reject);
      server.on("error", connections.acceptFailed);
      servers.push(server);
      const bound = server.address();
      resolve(typeof bound === "object" && bound !== null ? bound.port : 0);
    });
  });
}

/** Removes a socket file without a listener. */
async function prepareSocketPath(path: string): Promise<void> {
  // A missing directory is EACCES to listen().
  await access(dirname(path));
  const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (stats === undefined) return;
  if (!stats.isSocket()) throw new Error("exists and is not a socket");
  if (await isListening(path)) throw new Error("EADDRINUSE");
  await unlink(path);
}

/** Whether a process accepts connections on a Unix socket. */
function isListening(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(false);
      else reject(error);
    });
  });
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "it is in use by another process",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "no such host",
  ENOENT: "no such directory",
};

/** The system's errors in plain words, with their codes. */
function explain(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const code = /\bE[A-Z]{3,}\b/.exec(text)?.[0];
  const explanation = code === undefined ? undefined : EXPLANATIONS[code];
  return explanation === undefined ? text.replaceAll("\n", " ") : `${explanation} (${code})`;
}
