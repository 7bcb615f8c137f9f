/** The parts of collectDefaultMetrics, which would also watch each garbage collection. */
declare module "prom-client/lib/metrics/*" {
  import type { Registry } from "prom-client";

  function register(registry: Registry): void;
  export = register;
}
