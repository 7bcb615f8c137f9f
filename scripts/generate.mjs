// Makes src/gen: messages and services (ts-proto), the real file descriptors for reflection, the row's JSON Schema.
// With --check it makes them in a temporary directory and fails when the committed ones differ.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const schemaFile = "schema/session.iterate.v1.schema.json";
const descriptorSources = [
  ["proto"],
  ["node_modules/google-proto-files", "--path", "node_modules/google-proto-files/google/rpc/error_details.proto"],
  ["node_modules/grpc-health-check/proto"],
];

const check = process.argv.includes("--check");
const base = check ? mkdtempSync(join(tmpdir(), "sessionlog-generate-")) : "src";
const gen = join(base, "gen");
const buf = (...args) => execFileSync("node_modules/.bin/buf", args, { maxBuffer: 64 * 1024 * 1024 });

function generate() {
  rmSync(gen, { recursive: true, force: true });
  buf("generate", "-o", base);
  writeModule("descriptors.ts", [
    "/** Each file of the API and of what it imports, as base64 of its FileDescriptorProto. */",
    `export const fileDescriptorProtos: readonly string[] = ${JSON.stringify(descriptors(), null, 2)};`,
  ]);
  writeModule("session_schema.ts", [
    `/** ${schemaFile}, the one home of the row's shape and limits. */`,
    `export const sessionSchema = ${JSON.stringify(JSON.parse(readFileSync(schemaFile, "utf8")), null, 2)} as const;`,
  ]);
}

function descriptors() {
  const files = new Map();
  for (const source of descriptorSources) {
    const set = fromBinary(FileDescriptorSetSchema, buf("build", ...source, "--as-file-descriptor-set", "-o", "-"));
    for (const file of set.file) files.set(file.name, file);
  }
  return [...files.values()].map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file)).toString("base64"));
}

function writeModule(name, lines) {
  writeFileSync(join(gen, name), ["// Made by `npm run generate`; do not edit.", ...lines, ""].join("\n"));
}

generate();
if (check) {
  try {
    execFileSync("git", ["diff", "--no-index", "--stat", "src/gen", gen], { stdio: "inherit" });
  } catch {
    console.error("src/gen is not what `npm run generate` makes: run it and commit the result");
    process.exitCode = 1;
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}
