// `npm run test:abuse [-- NAME… --long]`: attacks the real service as one client without credentials can, while another client
// appends. One line of figures for each attack; exit 1 when the service did not stand it.
import { runCampaigns } from "../harness/campaigns.mjs";
import { underAttack } from "./support/campaign.mjs";

const bodies = [
  ["slow-write", "slow_write", "all but the last bytes of 4 MB, on as many streams as there may be"],
  ["gzip-bomb", "gzip_bomb", "4 KB that unpack to 4 MiB, 200 times at once"],
  ["slow-read", "slow_read", "answers of a megabyte that nobody reads"],
  ["dribble", "dribble", "bodies in frames of one byte"],
];
const floods = [
  ["window-update-flood", "window_update_flood", "WINDOW_UPDATE frames"],
  ["ping-flood", "ping_flood", "PING frames, each of which is answered"],
  ["settings-flood", "settings_flood", "SETTINGS frames, each of which is acknowledged"],
  ["rapid-reset", "rapid_reset", "calls that are cancelled as soon as they are made"],
  ["continuation-flood", "continuation_flood", "a header block that does not end"],
];
const http1 = [
  ["http-half-bodies", "http_half_bodies", "JSON bodies that do not end"],
  ["http-slow-headers", "http_slow_headers", "headers that do not end"],
  ["http-pipeline", "http_pipeline", "requests sent ahead, whose answers nobody reads"],
];

await runCampaigns("abuse", [
  ...bodies.flatMap(([name, attack, about]) =>
    [1, 8].map((connections) =>
      underAttack({
        name: `${name}-${connections}`,
        about: `${about}; connections: ${connections}`,
        attack,
        connections,
      }),
    ),
  ),
  ...[...floods, ...http1].map(([name, attack, about]) => underAttack({ name, about, attack, connections: 1 })),
  underAttack({
    name: "tls-handshakes",
    about: "TLS connections that are closed once their handshake is done",
    attack: "tls_handshakes",
    connections: 64,
    attack_ms: 10_000,
    tls: true,
  }),
  underAttack({ name: "scrapes", about: "requests for /metrics", attack: "scrapes", connections: 16, ops: true }),
  underAttack({
    name: "ops-slow-headers",
    about: "headers for /metrics that do not end",
    attack: "http_slow_headers",
    connections: 1,
    ops: true,
  }),
  underAttack({ name: "tails", about: "a thousand tails over the whole log", attack: "many_tails", connections: 8 }),
]);
