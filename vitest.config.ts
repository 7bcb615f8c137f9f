import { defineConfig } from "vitest/config";

/** The workspace's packages are tested from their sources. */
const conditions = ["@sessionlog/source", "module", "node", "development|production"];

export default defineConfig({
  ssr: { resolve: { conditions } },
  test: {
    include: ["test/**/*.test.ts", "protocol/test/**/*.test.ts", "clients/typescript/test/**/*.test.ts"],
    testTimeout: 20_000,
    pool: "forks",
  },
});
