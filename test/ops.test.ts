import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseToml } from "../src/config/toml.js";
import { root } from "./support/docs.js";

const read = (path: string) => readFileSync(join(root, path), "utf8");

test("the image has the manifest of every workspace before `npm ci`, and what is built of each", () => {
  const [build = "", image = ""] = read("ops/docker/Dockerfile")
    .split(/^FROM .*$/m)
    .slice(1);
  for (const workspace of JSON.parse(read("package.json")).workspaces) {
    expect(build.split("npm ci")[0]).toContain(`COPY ${workspace}/package.json ${workspace}/\n`);
    expect(image).toContain(`COPY --from=build /build/${workspace}/dist ${workspace}/dist\n`);
  }
});

test.each(["ops/docker/sessionlog.toml", "ops/docker/compose.toml"])(
  "the image shows what %s listens on and writes",
  (file) => {
    const dockerfile = read("ops/docker/Dockerfile");
    const { server, metrics, log } = Object(parseToml(file, read(file)));
    const ports = [server.listen, metrics.listen].map((address: string) => address.replace(/^0\.0\.0\.0:/, ""));
    expect(dockerfile).toContain(`\nEXPOSE ${ports.join(" ")}\n`);
    expect(dockerfile).toContain(`\nVOLUME ${log.path.replace(/\/[^/]+$/, "")}\n`);
  },
);
