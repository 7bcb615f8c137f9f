import type { Http2Session } from "node:http2";
import type { Socket } from "node:net";

/** What is known of each open connection. */
export interface Registry<T> {
  add(socket: Socket, connection: T): void;
  /** By its socket, or by the stand-in of it that sessions of HTTP/2 show. Throws when it was never added, or has closed. */
  of(socket: object): T;
  ofSession(session: Http2Session | undefined): T;
  all(): Iterable<T>;
}

/** A connection's number, on its socket: sessions of HTTP/2 show that, and a Unix socket has no address. */
const NUMBER = Symbol("connection");

export function createRegistry<T>(): Registry<T> {
  const connections = new Map<number, T>();
  const bySession = new WeakMap<Http2Session, T>();
  let added = 0;

  function of(socket: object): T {
    const number: unknown = Reflect.get(socket, NUMBER);
    const connection = typeof number === "number" ? connections.get(number) : undefined;
    if (connection === undefined) throw new Error("a call of no connection");
    return connection;
  }

  return {
    add(socket, connection) {
      const number = added++;
      Object.defineProperty(socket, NUMBER, { value: number });
      connections.set(number, connection);
      socket.once("close", () => connections.delete(number));
    },
    of,
    ofSession(session) {
      if (session === undefined) throw new Error("a call of no session");
      const known = bySession.get(session) ?? of(session.socket);
      bySession.set(session, known);
      return known;
    },
    all: () => connections.values(),
  };
}
