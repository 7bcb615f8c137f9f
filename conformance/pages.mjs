// The pages' commands that need programs which Node does not bring, curl, openssl, grpcurl and grpc-health-probe: conformance/pages.test.ts,
// which vitest runs. `npm test` runs all others.
import { startVitest } from "vitest/node";
import { findTool } from "../harness/tools.mjs";

/** @type {import("./run.mjs").Suite} */
export const pages = {
  name: "pages",
  missing() {
    const missing = ["curl", "openssl", "grpcurl", "grpc-health-probe"].filter((tool) => findTool(tool) === undefined);
    return missing.length === 0 ? undefined : `not here: ${missing.join(", ")}; scripts/tools.sh builds the latter two`;
  },
  async *run() {
    const options = { watch: false, include: ["conformance/pages.test.ts"], reporters: [{}] };
    const vitest = await startVitest("test", [], options);
    const modules = vitest.state.getTestModules();
    await vitest.close();
    // How the tests ended is told by run.mjs.
    process.exitCode = 0;
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state, errors = [] } = test.result();
        const problem =
          errors.map(({ message, stack, diff = "" }) => `${stack ?? message}\n${diff}`).join("\n") || `it was ${state}`;
        yield { name: test.fullName, problem: state === "passed" ? undefined : problem };
      }
      for (const { message } of module.errors()) yield { name: module.moduleId, problem: message };
    }
    if (modules.length === 0) yield { name: "pages.test.ts", problem: "it was not run" };
  },
};
