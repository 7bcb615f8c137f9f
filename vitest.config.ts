import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** The workspace's packages are tested from their sources, others as Node resolves them. */
const conditions = ["@sessionlog/source", "node", "development|production"];

export default defineConfig({
  ssr: { resolve: { conditions } },
  test: {
    include: ["test/**/*.test.ts", "protocol/test/**/*.test.ts", "clients/typescript/test/**/*.test.ts"],
    // Bounds for a test that hangs, also on a machine with ten times as much to do as it can; nothing is measured by them.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 50_000 } },
    pool: "forks",
    // The default is one fewer than there are cores: on two cores, one file at a time.
    maxWorkers: availableParallelism(),
    // Loading the modules again for each of some 130 files takes as much CPU as a quarter of the tests themselves.
    isolate: false,
  },
});
