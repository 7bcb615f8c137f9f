// The manifests by Kubernetes' own schemas, and what must be the same in several of them and in the configuration.
import { randomUUID } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findTool } from "../../harness/tools.mjs";
import { expectDone } from "../python/environment.mjs";
import { run } from "../stubs.mjs";
import { checkers, readYaml } from "./yaml.mjs";

const root = new URL("../..", import.meta.url).pathname;
const folder = `${root}ops/kubernetes`;

/** @type {import("../run.mjs").Suite} */
export const kubernetes = {
  name: "kubernetes",
  missing() {
    const missing = ["python3", "openssl"].filter((tool) => findTool(tool) === undefined);
    return missing.length === 0 ? undefined : `not here: ${missing.join(", ")}`;
  },
  async *run({ path }) {
    const directory = dirname(path);
    const program = await checkers();
    const files = (await readdir(folder)).map((name) => join(folder, name)).sort();
    const { code, output, errors } = await run(program("kubernetes-validate"), ["--strict", ...files], { cwd: root });
    yield { name: "every manifest is valid", problem: code === 0 ? undefined : output + errors };
    const parts = Object.fromEntries(
      (await readYaml(program, files)).map((part) => [`${part.kind} ${part.metadata.name}`, part]),
    );
    yield { name: "the configuration passes check-config", problem: await configProblem(parts, directory) };
    for (const [name, holds] of Object.entries(agreements(parts))) {
      yield { name, problem: holds === true ? undefined : JSON.stringify(holds) };
    }
  },
};

/** With certificates and a token of its own in place of the secrets. */
async function configProblem(parts, directory) {
  const secrets = join(directory, "secrets");
  await expectDone("sh", [`${root}ops/docker/make-certificates.sh`, join(secrets, "tls")], directory);
  await expectDone("mv", ["service.pem", "tls.crt"], join(secrets, "tls"));
  await expectDone("mv", ["service-key.pem", "tls.key"], join(secrets, "tls"));
  await mkdir(join(secrets, "auth"));
  for (const [name, text] of Object.entries(parts["Secret sessionlog-auth"].stringData)) {
    await writeFile(join(secrets, "auth", name), text || randomUUID(), { mode: 0o640 });
  }
  const file = join(directory, "sessionlog.toml");
  await writeFile(file, tomlOf(parts).replaceAll("/run/secrets/", `${secrets}/`));
  const words = [`${root}dist/main.js`, "check-config", "--config", file];
  const { code, output, errors } = await run(process.execPath, words, { cwd: directory });
  return code === 0 ? undefined : `exit ${code}\n${output}${errors}`;
}

const tomlOf = (parts) => parts["ConfigMap sessionlog"].data["sessionlog.toml"];

/** What must hold between the files, by name: true, or what there is. */
function agreements(parts) {
  const { spec } = parts["StatefulSet sessionlog"];
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const toml = tomlOf(parts);
  const ports = Object.fromEntries(container.ports.map(({ name, containerPort }) => [name, containerPort]));
  const listens = [...toml.matchAll(/^listen = "0\.0\.0\.0:(\d+)"$/gm)].map(([, port]) => Number(port));
  const probes = ["startupProbe", "livenessProbe", "readinessProbe"].map((name) => container[name].httpGet);
  const mounts = Object.fromEntries(container.volumeMounts.map(({ name, mountPath }) => [name, mountPath]));
  const volumes = Object.fromEntries(pod.volumes.map(({ name, ...source }) => [name, source]));
  const { labels } = spec.template.metadata;
  const selectors = [
    spec.selector.matchLabels,
    parts["Service sessionlog"].spec.selector,
    parts["PodDisruptionBudget sessionlog"].spec.selector.matchLabels,
  ];
  const named = [...toml.matchAll(/"(\/[^"]+)"/g)].map(([, path]) => path);
  const keysOf = { tls: "Secret sessionlog-tls", auth: "Secret sessionlog-auth" };
  const there = Object.entries(keysOf).flatMap(([name, part]) =>
    Object.keys(parts[part].stringData).map((key) => `${mounts[name]}/${key}`),
  );
  const known = [...there, `${mounts.data}/sessions.jsonl`];
  const service = parts["Service sessionlog"].spec.ports;
  const rooted = { ...pod.securityContext, ...container.securityContext };
  return {
    "the service listens on the container's ports": listens.join() === `${ports.grpc},${ports.ops}` || listens,
    "the Service leads to them": service.every((port) => port.port === ports[port.targetPort]) || service,
    "probes ask the ops port by its paths, over TLS":
      (probes.map(({ path }) => path).join() === "/healthz,/healthz,/readyz" &&
        probes.every(({ port, scheme }) => port === "ops" && scheme === "HTTPS") &&
        toml.includes("tls = true")) ||
      probes,
    "selectors find the pod": selectors.every((each) => JSON.stringify(each) === JSON.stringify(labels)) || selectors,
    "every file of the configuration is mounted": named.every((path) => known.includes(path)) || { named, known },
    "every mount has its volume":
      Object.keys(mounts).every((name) => name in volumes || name === spec.volumeClaimTemplates[0].metadata.name) ||
      mounts,
    "the ConfigMap is where the image looks": mounts.config === "/etc/sessionlog" || mounts.config,
    "its volumes have the names of the ConfigMap and the Secrets":
      [volumes.config.configMap.name, volumes.tls.secret.secretName, volumes.auth.secret.secretName].join() ===
        "sessionlog,sessionlog-tls,sessionlog-auth" || volumes,
    "one writer, which may take its time to stop":
      (spec.replicas === 1 && pod.terminationGracePeriodSeconds > 10 && !toml.includes("drain_timeout")) ||
      spec.replicas,
    "the container may do little":
      (rooted.runAsNonRoot &&
        rooted.runAsUser === 10001 &&
        rooted.fsGroup === 10001 &&
        rooted.readOnlyRootFilesystem) ||
      rooted,
    "what is written has a volume": "emptyDir" in volumes.spill && mounts.spill === "/tmp",
  };
}
