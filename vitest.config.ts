import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongFilesFirst } from "./test/long-files-first.ts";

// Tests run on the runtime's TypeScript sources, so no build is needed first. By alias and not by the export condition
// "source", which vitest does not heed in a globalSetup.
const runtime = (path: string) => fileURLToPath(new URL(`worker-runtime/src/${path}`, import.meta.url));
const shared = {
  resolve: {
    alias: [
      { find: /^@jobwright\/worker-runtime$/, replacement: runtime("index.ts") },
      { find: /^@jobwright\/worker-runtime\/contract$/, replacement: runtime("contract/index.ts") },
      { find: /^@jobwright\/worker-runtime\/testing$/, replacement: runtime("testing/index.ts") },
    ],
  },
};

const temporaryFiles = "test/temporary-files.ts";
// Three minutes for each alert to fire for its real cause: too long for `npm test`, where promtool tests the rules.
const alerts = ["test/integration/monitoring/alerts.test.ts"];
// Tests that start and kill brokers of their own, and ask nothing of Kubernetes.
const privateBrokers = ["test/integration/worker-runtime/crash.test.ts", "test/integration/bench/delays.test.ts"];
const onOldestBroker = { JOBWRIGHT_TEST_RABBITMQ: "3.10" };
const integration = {
  globalSetup: [temporaryFiles, "test/integration/operator/custom-resources.ts"],
  testTimeout: 300_000,
  hookTimeout: 300_000,
  // For what is looked for until it is so: a slow machine's broker is to have its time.
  expect: { poll: { timeout: 60_000 } },
  // One more than CI has cores, since tests wait a good part of their time: more would only make each other late.
  maxWorkers: 3,
};
// What asks nothing of Kubernetes runs while the end-to-end tests have their operator there.
const beside = { ...integration, globalSetup: temporaryFiles, maxWorkers: 1 };

export default defineConfig({
  test: {
    sequence: { sequencer: LongFilesFirst },
    projects: [
      {
        ...shared,
        test: {
          name: "unit",
          globalSetup: temporaryFiles,
          include: [
            "operator/src/**/*.test.ts",
            "worker-runtime/src/**/*.test.ts",
            "test/*.test.ts",
            "test/cluster/**/*.test.ts",
            "test/broker/**/*.test.ts",
            "test/{gitops,logs,rights}/**/*.test.ts",
            "tools/**/*.test.ts",
            "bench/**/*.test.ts",
            "examples/**/*.test.ts",
          ],
        },
      },
      {
        ...shared,
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          exclude: [...alerts, ...privateBrokers],
          ...integration,
        },
      },
      {
        ...shared,
        test: { name: "private-brokers", include: privateBrokers, ...beside },
      },
      {
        ...shared,
        test: {
          name: "alerts",
          include: alerts,
          ...integration,
        },
      },
      // What the first run does on the newest RabbitMQ only, on the oldest one. (What is left out takes each version in turn, or
      // is hardly the broker's concern.)
      {
        ...shared,
        test: {
          name: "operator-3.10",
          include: ["test/integration/operator/**/*.test.ts"],
          exclude: [
            "test/integration/operator/{broker-*,drift-at-work,job-queue-adoption,job-queue-limits,listed-depths,pause,permissions,producers,several-brokers,worker-credentials}.test.ts",
            "test/integration/operator/{gitops,namespaces,planted-secrets,reading,worker-pool-safety,wrong-manifests}.test.ts",
          ],
          env: onOldestBroker,
          ...integration,
        },
      },
      {
        ...shared,
        test: {
          name: "worker-runtime-3.10",
          include: ["test/integration/worker-runtime/**/*.test.ts"],
          exclude: [
            "test/integration/worker-runtime/{bounded,event-bindings,pause,publish-to}.test.ts",
            "test/integration/worker-runtime/{message-format,once,testing-kit}/**",
            "test/integration/worker-runtime/{command,crash,isolation,process-errors,tracing}.test.ts",
          ],
          env: onOldestBroker,
          ...beside,
        },
      },
      {
        ...shared,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: [temporaryFiles, "test/e2e/setup.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
