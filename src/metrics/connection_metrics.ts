import type { Registry } from "prom-client";
import type { ConnectionLimit, CutReason, RpcObserver } from "../rpc/observer.js";
import { addCounter, addGauge } from "./series.js";

/** Complete, as the types demand. */
const LIMITS: Readonly<Record<ConnectionLimit, true>> = {
  max_connections: true,
  max_connections_per_peer: true,
  open_files: true,
  handshake: true,
};
const CUTS: Readonly<Record<CutReason, true>> = { late: true, stalled: true, memory: true, limit: true };

type Reports = "connectionsChanged" | "connectionRefused" | "callsWaitingChanged" | "callCut" | "tailsChanged";

export function addConnectionMetrics(registry: Registry): Pick<RpcObserver, Reports> {
  const open = { connections: 0, waiting: 0, tails: 0 };
  addGauge(registry, { name: "sessionlog_connections", help: "Open connections." }, () => open.connections);
  addGauge(
    registry,
    { name: "sessionlog_calls_waiting", help: "Calls that wait until they are read." },
    () => open.waiting,
  );
  addGauge(registry, { name: "sessionlog_tails", help: "Open calls of TailSessions." }, () => open.tails);
  const refused = addCounter(registry, {
    name: "sessionlog_connections_refused_total",
    help: "Connections that were closed at once, by what forbade them.",
    labels: ["reason"],
  });
  const cut = addCounter(registry, {
    name: "sessionlog_calls_cut_total",
    help: "Calls, and with stalled connections, that were refused or cut by a limit.",
    labels: ["reason"],
  });
  for (const reason of Object.keys(LIMITS)) refused({ reason });
  for (const reason of Object.keys(CUTS)) cut({ reason });
  return {
    connectionsChanged(connections) {
      open.connections = connections;
    },
    connectionRefused(reason) {
      refused({ reason }).count += 1;
    },
    callsWaitingChanged(waiting) {
      open.waiting = waiting;
    },
    callCut(reason) {
      cut({ reason }).count += 1;
    },
    tailsChanged(tails) {
      open.tails = tails;
    },
  };
}
