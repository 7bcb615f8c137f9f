/** Loaded only where [metrics] listen is set. This is the only file of the folder that others import. */
export { createMetrics, type Metrics } from "./metrics.js";
export { type OpsServer, type OpsSettings, startOpsServer } from "./ops_server.js";
export type { ScrapeAccess } from "./scrape_access.js";
