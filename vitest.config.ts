import { defineConfig } from "vitest/config";

// Workspaces import each other's TypeScript sources (the "source" export condition), so no build is needed to test.
const shared = { resolve: { conditions: ["source", "node"] }, ssr: { resolve: { conditions: ["source", "node"] } } };

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: "unit",
          include: [
            "operator/src/**/*.test.ts",
            "worker-runtime/src/**/*.test.ts",
            "test/cluster/**/*.test.ts",
            "test/broker/**/*.test.ts",
            "tools/**/*.test.ts",
            "examples/**/*.test.ts",
          ],
        },
      },
      {
        ...shared,
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          globalSetup: "test/integration/operator/custom-resources.ts",
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // Two cores: more files at once would only make each other late.
          maxWorkers: 2,
        },
      },
      {
        ...shared,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: "test/e2e/setup.ts",
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
