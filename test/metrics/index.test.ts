import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { temporaryDirectory } from "../cli/support.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
/** Says at the end whether prom-client was loaded. */
const hook = `import { createRequire } from "node:module";
const { cache } = createRequire(import.meta.url);
process.on("exit", () => console.log(Object.keys(cache).some((file) => file.includes("prom-client"))));`;

test.each([
  [[], "false\n"],
  [["--metrics-listen", "127.0.0.1:0"], "true\n"],
])("metrics are loaded only where [metrics] listen is set: %j", async (flags, loaded) => {
  const words = ["serve", "--listen", "127.0.0.1:0", ...flags];
  const imported = `data:text/javascript,${encodeURIComponent(hook.replace("import.meta.url", JSON.stringify(program)))}`;
  const child = spawn(process.execPath, ["--import", imported, program, ...words], {
    cwd: temporaryDirectory(),
    env: { PATH: process.env.PATH },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stdout = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  const ended = once(child, "close");
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (line.includes('"msg":"serving"')) child.kill("SIGTERM");
  });
  expect(await ended).toEqual([0, null]);
  expect(stdout).toBe(loaded);
});
