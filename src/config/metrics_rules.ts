import { isLocal } from "./address.js";
import { ConfigError } from "./errors.js";
import type { Config } from "./settings.js";

/**
 * Metrics say how much is written and by whom, and a token must not be read on its way.
 *
 * @param placeOf how messages name a setting, given as `section.key`
 * @throws ConfigError, one line
 */
export function checkMetrics({ metrics, tls }: Config, placeOf: (name: string) => string): void {
  const { listen, token_file, open } = metrics;
  if (metrics.tls && tls.cert === "") throw new ConfigError(`${placeOf("metrics.tls")} needs [tls] cert and key`);
  if (open && token_file !== "") {
    throw new ConfigError(`${placeOf("metrics.open")} and [metrics] token_file exclude each other`);
  }
  if (listen === "" || open || isLocal(listen)) return;
  if (metrics.tls && (token_file !== "" || tls.client_ca !== "")) return;
  throw new ConfigError(
    `${placeOf("metrics.listen")}: ${JSON.stringify(listen)} is not a loopback address, and anyone there could read the metrics; ` +
      "set [metrics] tls = true, and token_file or [tls] client_ca; or [metrics] open = true if that is wanted",
  );
}
