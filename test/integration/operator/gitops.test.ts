import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { jobQueues, workerPools } from "../../../operator/src/api/objects.ts";
import { secrets } from "../../../operator/src/kinds.ts";
import type { KubeObject } from "../../../operator/src/kube/index.ts";
import { buildHealth, judge, type Verdict } from "../../gitops/health.ts";
import { kubectl } from "./kubectl.ts";
import { brokerSecretManifest, brokerSecretName, jobQueueManifest, workerPoolManifest } from "./manifests.ts";
import { always, eventually, type Scene, setScene } from "./scene.ts";

beforeAll(() => buildHealth(), 600_000);

const parts = ["Secret", "mail", "audit", "mail's pool", "audit's pool"] as const;
const shuffled = fc.shuffledSubarray([...parts], { minLength: parts.length });

const manager = ["--server-side", "--field-manager=argocd-controller"];

/** Applies as Argo CD does, and as Flux does under another name; fails where a field is another's. */
async function sync(objects: readonly KubeObject[]): Promise<void> {
  const { ok, stderr } = await kubectl(["apply", ...manager, "-f", "-"], {
    apiVersion: "v1",
    kind: "List",
    items: objects,
  });
  expect(ok, stderr).toBe(true);
}

/** What would change, as `kubectl diff` tells it; empty where nothing would. */
async function drift(objects: readonly KubeObject[]): Promise<string> {
  const { stdout, stderr } = await kubectl(["diff", ...manager, "-f", "-"], {
    apiVersion: "v1",
    kind: "List",
    items: objects,
  });
  return stdout + stderr;
}

/** A status that is written while kubectl compares would show as a difference, once. */
async function showsNoDrift(objects: readonly KubeObject[]): Promise<void> {
  await eventually(async () => expect(await drift(objects)).toBe(""));
}

async function judged(scene: Scene, kind: "queue" | "pool", name: string): Promise<Verdict> {
  const object = await scene[kind](name);
  const [verdict] = await judge([object ?? {}]);
  if (object === undefined || verdict === undefined) throw new Error(`no ${kind} ${name}`);
  return verdict;
}

interface ManagedFields {
  readonly manager: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}

/** The managers, other than the one that syncs, that claim a field of the spec. */
function claimedByOthers(object: KubeObject): string[] {
  const { managedFields = [] } = object.metadata as { managedFields?: ManagedFields[] };
  return managedFields.flatMap(({ manager, fieldsV1 }) =>
    fieldsV1?.["f:spec"] !== undefined && manager !== "argocd-controller" ? [manager] : [],
  );
}

describe.concurrent("synced from Git", { timeout: 300_000 }, () => {
  test("again and again while the operator works, no field is fought over, and nothing shows as drift", async (context) => {
    const scene = await setScene(context);
    const { namespace } = scene;
    const labels = { "app.kubernetes.io/instance": "shop" };
    const queue = jobQueueManifest(namespace, "mail", { retry: { maxAttempts: 4 }, lanes: [{ name: "fast" }] });
    const pool = workerPoolManifest(namespace, "mail", { minReplicas: 1 });
    const all = [queue, pool].map((object) => ({ ...object, metadata: { ...object.metadata, labels } }));
    await sync(all);
    await eventually(async () => expect((await judged(scene, "queue", "mail")).kstatus.status).toBe("Current"));
    await eventually(async () => expect(await scene.deployment("mail")).toBeDefined());
    for (const _ of [1, 2, 3]) await sync(all);
    await showsNoDrift(all);
    const found = [
      await scene.client.get(jobQueues, "mail", namespace),
      await scene.client.get(workerPools, "mail", namespace),
    ];
    for (const object of found) {
      expect(object?.metadata.generation).toBe(1);
      expect(object && claimedByOthers(object)).toEqual([]);
    }
    // A tool that finds its own label on what the operator makes would take that for its own, and prune it.
    expect((await scene.deployment("mail"))?.metadata.labels).not.toMatchObject(labels);
  });

  test("a pool that is scaled by hand stays so, where Git says no number", async (context) => {
    const scene = await setScene(context);
    const pool = workerPoolManifest(scene.namespace, "mail", { scaling: { mode: "Manual" } });
    const all = [jobQueueManifest(scene.namespace, "mail"), pool];
    await sync(all);
    await eventually(async () => expect(await scene.deployment("mail")).toBeDefined());
    const scaled = await kubectl(["scale", "workerpool/mail", "-n", scene.namespace, "--replicas=2"]);
    expect(scaled.stderr).toBe("");
    await eventually(async () => expect((await scene.deployment("mail"))?.spec.replicas).toBe(2));
    await sync(all);
    await showsNoDrift(all);
    expect((await scene.pool("mail"))?.spec.replicas).toBe(2);
  });

  test("a pool is not Current before a worker is ready, and Degraded when its image is missing", async (context) => {
    const scene = await setScene(context);
    await sync([
      jobQueueManifest(scene.namespace, "mail"),
      workerPoolManifest(scene.namespace, "mail", { minReplicas: 1 }),
    ]);
    await eventually(async () => {
      const { kstatus, argocd } = await judged(scene, "pool", "mail");
      expect(kstatus.status, kstatus.message).toBe("InProgress");
      expect(argocd).toMatchObject({ status: "Degraded", message: expect.stringContaining("ErrImageNeverPull") });
    });
    await always(async () => expect((await judged(scene, "pool", "mail")).kstatus.status).toBe("InProgress"), 1);
    // Without workers it is as asked.
    await sync([workerPoolManifest(scene.namespace, "mail", { scaling: { idleDelay: "1s" } })]);
    await eventually(async () => expect((await judged(scene, "pool", "mail")).argocd.status).toBe("Healthy"));
  });

  // Each is looked at before the next one comes, so that nothing it needs is there by chance.
  test.for(fc.sample(shuffled, { numRuns: 3, seed: 20_260_301 }))(
    "in the order %s, all become Current",
    async (order, context) => {
      const scene = await setScene(context, { brokerSecret: null });
      const { namespace, client, server, vhost } = scene;
      const secret = brokerSecretManifest(namespace, brokerSecretName, server, vhost);
      const make: Record<(typeof parts)[number], () => Promise<unknown>> = {
        Secret: () => client.create(secrets, secret),
        mail: () => sync([jobQueueManifest(namespace, "mail")]),
        audit: () => sync([jobQueueManifest(namespace, "audit")]),
        "mail's pool": () => sync([workerPoolManifest(namespace, "mail", { publishTo: [{ name: "audit" }] })]),
        "audit's pool": () => sync([workerPoolManifest(namespace, "audit")]),
      };
      const all = async () => {
        const found = [scene.queue("mail"), scene.queue("audit"), scene.pool("mail"), scene.pool("audit")];
        return (await Promise.all(found)).filter((object) => object !== undefined);
      };
      for (const part of order) {
        await make[part]();
        await eventually(async () => {
          for (const { status } of await all()) expect(status?.observedGeneration).toBe(1);
        });
      }
      await eventually(async () => {
        const verdicts = await judge(await all());
        expect(verdicts.map(({ kstatus }) => kstatus.status)).toEqual(["Current", "Current", "Current", "Current"]);
      });
    },
  );
});
