import { globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { customResourceDefinition } from "../../operator/src/api/crd.ts";
import { jobQueue } from "../../operator/src/api/job-queue.ts";
import type { JobQueue, WorkerPool } from "../../operator/src/api/objects.ts";
import { workerPool } from "../../operator/src/api/worker-pool.ts";
import { withPaused } from "../../operator/src/jobqueue/paused.ts";
import { placedStatus, problemStatus, provisionedStatus } from "../../operator/src/jobqueue/status.ts";
import { poolStatus } from "../../operator/src/workerpool/status.ts";
import { argoChecks, buildHealth, judge, type Verdict } from "./health.ts";

beforeAll(() => buildHealth(), 600_000);

const read = (path: string) => readFileSync(path, "utf8");

interface HealthTests {
  tests: { healthStatus: Verdict["argocd"]; inputPath: string }[];
}

/** What kstatus may say where Argo CD says this: the two agree, but Argo CD tells more apart. */
const agreeing: Record<Verdict["argocd"]["status"], readonly Verdict["kstatus"]["status"][]> = {
  Healthy: ["Current"],
  Suspended: ["Current"],
  Progressing: ["InProgress", "Terminating"],
  Degraded: ["Failed", "InProgress"],
};

describe.each(globSync("*/*/health_test.yaml", { cwd: argoChecks }))("Argo CD's check, %s", (file) => {
  const folder = join(argoChecks, dirname(file));
  const { tests }: HealthTests = parse(read(join(folder, file.split("/").at(-1) ?? "")));

  test("says of each object in testdata what is expected, and kstatus agrees", async () => {
    const verdicts = await judge(tests.map(({ inputPath }) => parse(read(join(folder, inputPath)))));
    for (const [index, { healthStatus, inputPath }] of tests.entries()) {
      expect(verdicts[index]?.argocd, inputPath).toEqual(healthStatus);
      expect(agreeing[healthStatus.status], inputPath).toContain(verdicts[index]?.kstatus.status);
    }
  });

  test("all of testdata is used", () => {
    const used = tests.map(({ inputPath }) => inputPath.replace("testdata/", ""));
    expect(used.toSorted()).toEqual(readdirSync(join(folder, "testdata")).toSorted());
  });
});

test("the example for argocd-cm holds the checks as they are", () => {
  const { data } = parse(read(join(argoChecks, "../../examples/gitops/argocd/argocd-cm.yaml")));
  for (const kind of ["JobQueue", "WorkerPool"]) {
    const check = read(join(argoChecks, "jobwright.dev", kind, "health.lua"));
    expect(data[`resource.customizations.health.jobwright.dev_${kind}`]).toBe(check);
  }
});

describe("what kstatus makes of the statuses that the operator writes", () => {
  const now = new Date("2026-01-01T00:00:00Z");
  const metadata = { name: "mail", namespace: "post", generation: 2 };
  const place = { name: "post.mail", broker: { host: "rabbit", port: 5672 }, vhost: "/", lanes: [] };
  const found = { ...place, unsupported: [], brokerVersion: "4.0.5", bindingSecret: "mail-producer", jobs: undefined };
  const statusDefault = (kind: typeof jobQueue | typeof workerPool) => {
    const definition = customResourceDefinition(kind) as {
      spec: { versions: { schema: { openAPIV3Schema: { properties: { status: { default?: object } } } } }[] };
    };
    return definition.spec.versions[0]?.schema.openAPIV3Schema.properties.status.default;
  };

  function queue(status: unknown, spec = {}): JobQueue {
    return { apiVersion: "jobwright.dev/v1alpha1", kind: "JobQueue", metadata, spec, status } as JobQueue;
  }
  function pool(status?: unknown): WorkerPool {
    return { apiVersion: "jobwright.dev/v1alpha1", kind: "WorkerPool", metadata, spec: {}, status } as WorkerPool;
  }
  const fresh = queue(statusDefault(jobQueue));
  const ready = queue(provisionedStatus(fresh, found, now));
  const edited: JobQueue = { ...ready, metadata: { ...ready.metadata, generation: 3 } };
  const poolSaid = (state: "Ready" | "Reconciling" | "Stalled", before = pool(statusDefault(workerPool))) =>
    pool(poolStatus(before, { readiness: { state, reason: "Because", message: "so" } }, now));
  const failing = (state: "Reconciling" | "Stalled", of = ready) =>
    queue(problemStatus(of, { state, reason: "BrokerUnreachable", message: "no answer" }, now));

  test.each<[string, object, Verdict["kstatus"]["status"]]>([
    ["a JobQueue that no operator has seen", fresh, "InProgress"],
    ["one that is put on its broker", queue(placedStatus(fresh, place)), "InProgress"],
    ["one that is on its broker", ready, "Current"],
    [
      "one that is on its broker, and paused",
      queue(withPaused(queue({}, { paused: true }), ready.status ?? {}, now)),
      "Current",
    ],
    ["one that was edited since", edited, "InProgress"],
    ["an edited one that is put on its broker", { ...edited, status: placedStatus(edited, place) }, "InProgress"],
    ["one whose broker is away", failing("Reconciling"), "InProgress"],
    ["one that waits for the user", failing("Stalled"), "Failed"],
    ["a new one that waits for the user", failing("Stalled", fresh), "Failed"],
    ["one that was mended", queue(provisionedStatus(failing("Stalled"), found, now)), "Current"],
    [
      "one whose policy is another's",
      queue(provisionedStatus(ready, { ...found, policyOverridden: "all" }, now)),
      "Failed",
    ],
    [
      "one that goes",
      { ...ready, metadata: { ...metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } },
      "Terminating",
    ],
    ["a WorkerPool that no operator has seen", pool(statusDefault(workerPool)), "InProgress"],
    ["one that works", poolSaid("Ready"), "Current"],
    ["one that rolls out", poolSaid("Reconciling"), "InProgress"],
    ["one that waits for the user", poolSaid("Stalled"), "Failed"],
    ["one that was mended", poolSaid("Ready", poolSaid("Stalled")), "Current"],
    [
      "one that works, and was edited since",
      { ...poolSaid("Ready"), metadata: { ...metadata, generation: 3 } },
      "InProgress",
    ],
  ])("%s", async (_, object, expected) => {
    expect((await judge([object]))[0]?.kstatus.status).toBe(expected);
  });
});
