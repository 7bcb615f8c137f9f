import { status } from "@grpc/grpc-js";
import type { Registry } from "prom-client";
import type { CallMethod, RpcObserver } from "../rpc/observer.js";
import { addCounter, addHistogram, type Tally } from "./series.js";

/** Seconds. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const LABELS = ["grpc_type", "grpc_service", "grpc_method"] as const;

interface MethodSeries {
  readonly started: Tally;
  readonly handled: Map<status, Tally>;
  observe(seconds: number): void;
}

/** Calls of all services, under the names of go-grpc-prometheus, which dashboards know. */
export function addCallMetrics(registry: Registry): Pick<RpcObserver, "callStarted" | "callEnded"> {
  const started = addCounter(registry, {
    name: "grpc_server_started_total",
    help: "Calls that have come; those as JSON count as calls of their method.",
    labels: LABELS,
  });
  const handled = addCounter(registry, {
    name: "grpc_server_handled_total",
    help: "Calls that are over, by status.",
    labels: [...LABELS, "grpc_code"],
  });
  const handling = addHistogram(
    registry,
    {
      name: "grpc_server_handling_seconds",
      help: "From a call's headers until its answer was taken.",
      labels: LABELS,
    },
    BUCKETS,
  );
  const methods = new Map<CallMethod, MethodSeries>();

  function seriesOf(method: CallMethod): MethodSeries {
    const known = methods.get(method);
    if (known !== undefined) return known;
    const labels = labelsOf(method);
    const added = { started: started(labels), handled: new Map(), observe: handling(labels) };
    methods.set(method, added);
    return added;
  }

  return {
    callStarted(method) {
      seriesOf(method).started.count += 1;
    },
    callEnded(method, code, duration_ms) {
      const series = seriesOf(method);
      const tally = series.handled.get(code) ?? handled({ ...labelsOf(method), grpc_code: codeName(code) });
      series.handled.set(code, tally);
      tally.count += 1;
      series.observe(duration_ms / 1_000);
    },
  };
}

/** As Go writes it, and go-grpc-prometheus with it: INVALID_ARGUMENT is InvalidArgument. */
function codeName(code: status): string {
  if (code === status.OK) return "OK";
  if (code === status.CANCELLED) return "Canceled";
  return (status[code] ?? "UNKNOWN")
    .toLowerCase()
    .replaceAll(/(?:^|_)[a-z]/g, (start) => start.replace("_", "").toUpperCase());
}

function labelsOf({ type, service, name }: CallMethod) {
  return { grpc_type: type, grpc_service: service, grpc_method: name };
}
