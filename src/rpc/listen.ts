import { lookup } from "node:dns/promises";
import { access, lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import type { Server, ServerCredentials } from "@grpc/grpc-js";

/** Where a server listens, with the real port; or why it cannot, in one line that names the address. */
export type ListenOutcome =
  | { readonly ok: true; readonly address: string }
  | { readonly ok: false; readonly message: string };

const UNIX_PREFIX = "unix:";

/**
 * Binds a server to `host:port` (port 0: a free one; every address of the host's name) or `unix:/path`. A socket file without
 * a listener, left by a crash, is removed.
 */
export async function listen(server: Server, address: string, credentials: ServerCredentials): Promise<ListenOutcome> {
  try {
    if (address.startsWith(UNIX_PREFIX)) {
      await prepareSocketPath(address.slice(UNIX_PREFIX.length));
      await bind(server, address, credentials);
      return { ok: true, address };
    }
    return { ok: true, address: await bindHost(server, address, credentials) };
  } catch (error) {
    return { ok: false, message: `cannot listen on ${address}: ${explain(error)}` };
  }
}

/** Binds all addresses of a host. grpc-js by itself is satisfied with one of them, so that a `localhost` whose IPv4
 * port is in use would be served on IPv6 alone. */
async function bindHost(server: Server, address: string, credentials: ServerCredentials): Promise<string> {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon);
  let port = Number(address.slice(colon + 1));
  const resolved = await lookup(host.replace(/^\[(.*)\]$/, "$1"), { all: true });
  let bound = 0;
  for (const { address: ip, family } of resolved) {
    try {
      port = await bind(server, `${family === 6 ? `[${ip}]` : ip}:${port}`, credentials);
      bound += 1;
    } catch (error) {
      // A machine without IPv6 may still resolve localhost to ::1.
      const missing = /EADDRNOTAVAIL|EAFNOSUPPORT/.test(String(error));
      if (!missing || resolved.length === 1) throw error;
    }
  }
  if (bound === 0) throw new Error("EADDRNOTAVAIL");
  return `${host}:${port}`;
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
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

/** grpc-js wraps the system's errors into longer texts, in which only the code stands out. */
function explain(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const code = /\bE[A-Z]{3,}\b/.exec(text)?.[0];
  const explanation = code === undefined ? undefined : EXPLANATIONS[code];
  return explanation === undefined ? text.replaceAll("\n", " ") : `${explanation} (${code})`;
}
