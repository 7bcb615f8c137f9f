import type { Registry } from "prom-client";
import type { Identity, Token } from "../config/auth_file.js";
import type { TlsFiles } from "../config/tls_files.js";
import type { RpcObserver } from "../rpc/observer.js";
import type { AuthFailure } from "../rpc/security/access.js";
import { addCounter, addGauges } from "./series.js";

/** Complete, as the type demands. */
const FAILURES: Readonly<Record<AuthFailure, true>> = {
  no_credentials: true,
  malformed: true,
  unknown_token: true,
  expired_token: true,
  unknown_certificate: true,
  two_identities: true,
  reflection_off: true,
  role: true,
};

export interface AccessMetrics extends Pick<RpcObserver, "callerAdmitted" | "authFailed"> {
  /** These may call from now on; undefined when everyone may. */
  identitiesLoaded(identities: readonly Identity[] | undefined): void;
  /** These files are in use from now on. */
  certificatesLoaded(files: TlsFiles): void;
}

export function addAccessMetrics(registry: Registry): AccessMetrics {
  const failures = addCounter(registry, {
    name: "sessionlog_auth_failures_total",
    help: "Calls that were not let in.",
    labels: ["reason"],
  });
  for (const reason of Object.keys(FAILURES)) failures({ reason });

  /** Seconds since 1970, of each token in use. */
  let last_used = new Map<Token, number>();
  let identities: readonly Identity[] = [];
  addGauges(
    registry,
    {
      name: "sessionlog_token_last_used_timestamp_seconds",
      help: "When a token last let a call in; 0: not since the start.",
      labels: ["identity", "token_id"],
    },
    () =>
      identities.flatMap(({ name, tokens }) =>
        tokens.map((token) => [{ identity: name, token_id: token.id }, last_used.get(token) ?? 0] as const),
      ),
  );

  let expiries: readonly (readonly [{ readonly role: string }, number])[] = [];
  addGauges(
    registry,
    {
      name: "sessionlog_tls_certificate_not_after_timestamp_seconds",
      help: "When a certificate expires: the service's own, and the first to expire of client_ca.",
      labels: ["role"],
    },
    () => expiries,
  );

  return {
    callerAdmitted({ token }) {
      if (token !== undefined) last_used.set(token, Date.now() / 1_000);
    },
    authFailed(reason) {
      failures({ reason }).count += 1;
    },
    identitiesLoaded(next = []) {
      const before = new Map(
        identities.flatMap(({ name, tokens }) => tokens.map((token) => [keyOf(name, token), token])),
      );
      const kept = next.flatMap(({ name, tokens }) =>
        tokens.map((token) => [token, last_used.get(before.get(keyOf(name, token)) ?? token) ?? 0] as const),
      );
      last_used = new Map(kept);
      identities = next;
    },
    certificatesLoaded({ facts, ca_not_after }) {
      const dates = { server: facts.not_after, client_ca: ca_not_after };
      expiries = Object.entries(dates).flatMap(([role, date]) =>
        date === undefined ? [] : [[{ role }, Date.parse(date) / 1_000] as const],
      );
    },
  };
}

/** The same token in another reading of the file. */
function keyOf(identity: string, { id }: Token): string {
  return JSON.stringify([identity, id]);
}
