import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { findTool } from "../harness/tools.mjs";
import { run } from "./stubs.mjs";

const environment = new URL("../.tools/protoc", import.meta.url).pathname;
const requirements = new URL("../clients/python/requirements-generate.txt", import.meta.url);
const program = `${environment}/path/protoc`;

/** Where protoc is. Where this machine has none, the one of Python's grpcio-tools is put into .tools/protoc. */
export async function protocDirectory() {
  const found = findTool("protoc");
  if (found !== undefined) return dirname(found);
  if (existsSync(program)) return dirname(program);
  const python = findTool("python3");
  if (python === undefined) throw new Error("neither protoc nor python3 is here");
  await expectDone(python, ["-m", "venv", "--clear", environment]);
  const tools = /^grpcio-tools==.*$/m.exec(readFileSync(requirements, "utf8"))?.[0] ?? "grpcio-tools";
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", tools];
  await expectDone(`${environment}/bin/python`, install);
  await mkdir(dirname(program));
  await writeFile(program, `#!/bin/sh\nexec "${environment}/bin/python" -m grpc_tools.protoc "$@"\n`);
  await chmod(program, 0o755);
  return dirname(program);
}

async function expectDone(command, words) {
  const { code, output, errors } = await run(command, words, { cwd: "/" });
  if (code !== 0) throw new Error(`${command} ${words.join(" ")} failed:\n${output}${errors}`);
}
