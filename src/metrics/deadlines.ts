import type { Socket } from "node:net";

/** One deadline for each connection, which is cut when it passes. */
export interface Deadlines {
  /** In place of the deadline that the connection has. */
  begin(socket: Socket, after_ms: number): void;
}

export function createDeadlines(): Deadlines {
  const timers = new Map<Socket, NodeJS.Timeout>();
  return {
    begin(socket, after_ms) {
      if (socket.destroyed) return;
      if (!timers.has(socket)) {
        socket.once("close", () => {
          clearTimeout(timers.get(socket));
          timers.delete(socket);
        });
      }
      clearTimeout(timers.get(socket));
      timers.set(
        socket,
        setTimeout(() => socket.destroy(), after_ms),
      );
    },
  };
}
