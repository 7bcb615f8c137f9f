// `npm run sbom`: the bill of materials of what is installed to run sessionlog, in CycloneDX, on standard output. It is npm's own, mended:
// npm's `--omit dev` drops what packages of both kinds share, names the project's packages after their folders, and prints some
// addresses that are no URLs.
import { execFileSync } from "node:child_process";

/** `git@host:path`, as git takes it. */
const SCP_LIKE = /^(git@[^:/]+):/;

const words = ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application"];
const bom = JSON.parse(execFileSync("npm", words, { maxBuffer: 64 * 1024 * 1024 }));

bom.components = bom.components.filter(
  ({ properties }) => !properties.some(({ name }) => name === "cdx:npm:package:development"),
);
const kept = new Set([bom.metadata.component, ...bom.components].map((component) => component["bom-ref"]));
bom.dependencies = bom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) }));

for (const component of [bom.metadata.component, ...bom.components]) {
  const [, name] = /^(@sessionlog\/[^@]+)@/.exec(component["bom-ref"]) ?? [];
  if (name !== undefined) component.name = name;
  for (const reference of component.externalReferences) reference.url = reference.url.replace(SCP_LIKE, "ssh://$1/");
}
console.log(JSON.stringify(bom, null, 2));
