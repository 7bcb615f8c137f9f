import { HealthImplementation } from "grpc-health-check";
import type { StreamHost } from "./open_streams.js";

/** How the paths of its methods begin. */
export const HEALTH = "/grpc.health.v1.Health/";

/** grpc.health.v1.Health, for the server as a whole ("") and for its one service. */
export interface Health {
  /** Sets both names: the server serves when appends are accepted. */
  setServing(serving: boolean): void;
}

const NAMES = ["", "sessionlog.v1.SessionLog"];

/** Adds the health service to a server, NOT_SERVING at first. */
export function addHealth(host: StreamHost): Health {
  const health = new HealthImplementation(Object.fromEntries(NAMES.map((name) => [name, "NOT_SERVING"])));
  health.addToServer(host);
  let reported = false;
  return {
    setServing(serving) {
      // Watch reports changes only; and nothing may be written to a stream that has ended.
      if (serving === reported) return;
      reported = serving;
      for (const name of NAMES) health.setStatus(name, serving ? "SERVING" : "NOT_SERVING");
    },
  };
}
