// ops/prometheus and ops/grafana, with promtool, which Debian's package `prometheus` brings, and the /metrics of a service.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { startService } from "../harness/server.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { findTool } from "../harness/tools.mjs";

const promtool = findTool("promtool");
const rules_directory = new URL("../ops/prometheus/", import.meta.url).pathname;
const dashboard = new URL("../ops/grafana/sessionlog.json", import.meta.url).pathname;
const RULE_FILES = readdirSync(rules_directory).filter((name) => name.endsWith(".rules.yml"));
const TESTS = "sessionlog.rules.test.yml";
/** Of every target, whoever answers. */
const OF_PROMETHEUS = "up";

/** @type {import("./run.mjs").Suite} */
export const prometheus = {
  name: "prometheus",
  missing: () => (promtool === undefined ? "promtool is not here; it is in Debian's package prometheus" : undefined),
  async *run() {
    yield check("rules", ["check", "rules", ...RULE_FILES]);
    yield check("prometheus.yml", ["check", "config", "prometheus.yml"]);
    yield check("alerts fire, and do not", ["test", "rules", TESTS]);
    yield* everyAlertIsTested();

    const text = await inTemporaryDirectory(scrapeService);
    yield check("/metrics", ["check", "metrics"], text);
    yield { name: "the hash of the configuration", problem: /config_hash="[0-9a-f]+"/.test(text) ? undefined : text };
    const known = new Set(
      [...text.matchAll(/^(\w+)[{ ]|^# TYPE (\w+) /gm)].map(([, series, metric]) => series ?? metric),
    );
    known.add(OF_PROMETHEUS);
    const rules = RULE_FILES.map((name) => readFileSync(join(rules_directory, name), "utf8")).join("\n");
    yield* namesOnlyKnown("the rules", rules.match(/expr: (?:>-\n(?: {10,}.*\n)+|.*)/g) ?? [], known);
    const queries = queriesOf(JSON.parse(readFileSync(dashboard, "utf8")));
    yield* namesOnlyKnown("the dashboard", queries, known);
    yield showsAll(queries, known);
    yield await inTemporaryDirectory((directory) => checkQueries(directory, queries));
  },
};

function check(name, words, input = "") {
  const { status, stdout, stderr } = spawnSync(promtool, words, { cwd: rules_directory, input, encoding: "utf8" });
  // Complaints about metrics do not always change the status.
  const complains = words[1] === "metrics" && stdout + stderr !== "";
  return { name, problem: status === 0 && !complains ? undefined : `${stdout}${stderr}status ${status}` };
}

/** Each with a case in which it fires, and one in which it does not. */
function* everyAlertIsTested() {
  const rules = RULE_FILES.map((name) => readFileSync(join(rules_directory, name), "utf8")).join("\n");
  const cases = readFileSync(join(rules_directory, TESTS), "utf8").split("alertname: ").slice(1);
  const alerts = new Set([...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name));
  for (const alert of alerts) {
    const own = cases.filter((text) => text.startsWith(`${alert}\n`));
    const quiet = own.filter((text) => text.includes("exp_alerts: []")).length;
    const complete = quiet > 0 && quiet < own.length;
    yield { name: `${alert} is tested`, problem: complete ? undefined : `${quiet} of ${own.length} cases are quiet` };
  }
}

/** What a service with some traffic shows. */
async function scrapeService(directory) {
  const server = await startService(join(directory, "sessions.jsonl"), { args: ["--metrics-listen", "127.0.0.1:0"] });
  try {
    const client = createApiClient(server.address);
    await client.append(new Uint8Array());
    await client.appendBatch([new Uint8Array()]);
    client.close();
    const [, address] = /"address":"([^"]+)","msg":"metrics are served"/.exec(server.stderr()) ?? [];
    for (;;) {
      const text = await (await fetch(`http://${address}/metrics`)).text();
      if (text.includes("grpc_server_handled_total{") && text.includes("BatchAppendSessions")) return text;
    }
  } finally {
    await server.stop();
  }
}

function queriesOf({ panels }) {
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}

/** The metrics that queries name; nothing else in them looks like one. */
function metricsIn(query) {
  const outside = query.replaceAll(/"[^"]*"/g, "").replaceAll(/\b(?:by|on) \([^)]*\)/g, "");
  return outside.match(/\b(?:up\b|(?:sessionlog|grpc|process|nodejs)_\w+)/g) ?? [];
}

function* namesOnlyKnown(where, queries, known) {
  const named = new Set(queries.flatMap((query) => metricsIn(query.replaceAll(/\{[^{}]*\}/g, ""))));
  const unknown = [...named].filter((name) => !known.has(name));
  yield {
    name: `${where}: every metric is one of /metrics`,
    problem: named.size > 10 && unknown.length === 0 ? undefined : `${named.size} named, unknown: ${unknown}`,
  };
}

/** Every metric of the service's own is on the dashboard. */
function showsAll(queries, known) {
  const shown = queries.flatMap(metricsIn);
  const own = [...known].filter((name) => name.startsWith("sessionlog_") && !/_(?:bucket|sum|count)$/.test(name));
  const base = (name) => name.replace(/_(?:bucket|sum|count)$/, "");
  const left = own.filter((name) => !shown.some((each) => base(each) === name));
  const allowed = ["sessionlog_config_last_reload_success_timestamp_seconds"];
  const missing = left.filter((name) => !allowed.includes(name));
  return { name: "the dashboard shows all of them", problem: missing.length === 0 ? undefined : missing.join() };
}

/** As rules, with Grafana's variables filled in, so that promtool parses them. */
function checkQueries(directory, queries) {
  const filled = queries.map((query) => query.replaceAll("$instance", ".*").replaceAll("$__rate_interval", "5m"));
  const rules = filled.map((expr, index) => ({ record: `query:${index}`, expr }));
  const file = join(directory, "dashboard.yml");
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
  return check(`${queries.length} queries of the dashboard`, ["check", "rules", file]);
}
