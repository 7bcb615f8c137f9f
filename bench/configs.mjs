// What a part of the configuration costs, with one build: two configurations under the same closed loop, in alternating windows.
//   node bench/configs.mjs [--pairs 20] [--seconds 2]     metrics ÷ none, TLS ÷ plain, TLS and token ÷ TLS; openssl is needed
//   node bench/configs.mjs --config a.toml --other b.toml [--ca ca.pem] [--token-file FILE]
// With [tls] the load comes over TLS, with [auth] it shows the token. Prints this ÷ other as bench/versions.mjs does, and how long
// /metrics takes under load.
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "smol-toml";
import { readOptions } from "../harness/options.mjs";
import { startService } from "../harness/server.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { machine, median, p99, table } from "./lib/figures.mjs";
import { comparePairs, HEAD } from "./lib/pairs.mjs";
import { startGenerator, windowOf } from "./load/generator.mjs";

const options = readOptions({
  config: "",
  other: "",
  ca: "",
  "token-file": "",
  workload: "", // which ones, by the beginning of their names
  pairs: 20,
  seconds: 2, // each window
  warmup: 1,
  calls: 128,
  connections: 4,
  "row-bytes": 960,
});
const SCRAPES = 100;
const OUT = ["-keyout", "key.pem", "-out", "cert.pem"];
const TLS = '[tls]\ncert = "cert.pem"\nkey = "key.pem"\n';
const METRICS = '[metrics]\nlisten = "127.0.0.1:0"\n';
/** The load's daemon has any name. */
const IDENTITY =
  '[[identity]]\nname = "bench"\ndaemons = ["*"]\nroles = ["append"]\n[[identity.token]]\nid = "bench"\n';

await inTemporaryDirectory(async (directory) => {
  console.log(`${machine()}\n${options.pairs} pairs of windows of ${options.seconds} s`);
  const generator = startGenerator(options["row-bytes"]);
  const compared = options.config === "" ? createConfigs(directory) : givenConfigs();
  for (const [title, [one, other]] of Object.entries(compared)) {
    const starts = { this: () => start(directory, "this", one), other: () => start(directory, "other", other) };
    const rows = await comparePairs(starts, generator, options);
    console.log(`\n${table([title, ...HEAD.slice(1)], rows)}`);
  }
  if (options.config === "") console.log(await timeScrapes(directory, generator));
  generator.close();
});

/** @param {{ file: string, ca: string, token: string }} config */
async function start(directory, name, { file, ca, token }) {
  const { tls, auth } = parse(readFileSync(file, "utf8"));
  const server = await startService(join(directory, `${name}.jsonl`), { args: ["--config", file] });
  return { ...server, credentials: { ...(tls && { ca }), ...(auth && { token }) } };
}

function givenConfigs() {
  const read = (path) => (path === "" ? "" : readFileSync(path, "utf8"));
  const credentials = { ca: read(options.ca), token: read(options["token-file"]).trim() };
  const pair = [options.config, options.other].map((file) => ({ file: resolve(file), ...credentials }));
  return { [`${options.config} ÷ ${options.other}`]: pair };
}

/** Pairs of configurations, each with and without one part. */
function createConfigs(directory) {
  const openssl = (...words) => execFileSync("openssl", words, { cwd: directory, stdio: "ignore" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  openssl("req", "-x509", ...key, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", ...OUT);
  const token = `slt_${randomBytes(32).toString("base64url")}`;
  const sha256 = createHash("sha256").update(token).digest("hex");
  writeFileSync(join(directory, "auth.toml"), `${IDENTITY}sha256 = "${sha256}"\n`, { mode: 0o600 });
  const ca = readFileSync(join(directory, "cert.pem"), "utf8");
  const write = (name, toml) => {
    const file = join(directory, `${name}.toml`);
    writeFileSync(file, toml);
    return { file, ca, token };
  };
  const plain = write("plain", "");
  const tls = write("tls", TLS);
  return {
    "metrics ÷ none": [write("metrics", METRICS), plain],
    "TLS ÷ plain": [tls, plain],
    "TLS and token ÷ TLS": [write("token", `${TLS}[auth]\nfile = "auth.toml"\n`), tls],
  };
}

/** How long a scrape takes beside the load, and its size. */
async function timeScrapes(directory, generator) {
  const server = await start(directory, "scraped", { file: join(directory, "metrics.toml"), ca: "", token: "" });
  const [, address] = /"address":"([^"]+)","msg":"metrics are served"/.exec(server.stderr()) ?? [];
  const scrape = async () => (await fetch(`http://${address}/metrics`)).text();
  await generator.run(windowOf(server, 1, options));
  const times_ms = [];
  let text = "";
  for (let index = 0; index < SCRAPES; index += 1) {
    const begun_ms = performance.now();
    text = await scrape();
    times_ms.push(performance.now() - begun_ms);
  }
  await server.stop();
  const [middle, slowest] = [median(times_ms), p99(times_ms)].map((time) => time.toFixed(2));
  return `\n/metrics of a service that has been under load: median ${middle} ms, p99 ${slowest} ms, ${Buffer.byteLength(text)} bytes`;
}
