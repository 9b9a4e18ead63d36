import { setTimeout as pause } from "node:timers/promises";
import { binding, heartbeatExchange, workerConfiguration } from "@jobwright/worker-runtime/contract";
import { describe, expect, test } from "vitest";
import { jobQueues, workerPools } from "../../../operator/src/api/objects.ts";
import { configMaps, deployments, secrets } from "../../../operator/src/kinds.ts";
import type { KubeObject } from "../../../operator/src/kube/index.ts";
import { connectAs } from "./amqp.ts";
import { kubectl } from "./kubectl.ts";
import { always, condition, eventually, type Scene, setScene } from "./scene.ts";

interface Container {
  name: string;
  image?: string;
  env: object[];
  volumeMounts: object[];
  ports: object[];
  readinessProbe: object;
}
interface Template {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: { containers: Container[]; volumes: object[]; terminationGracePeriodSeconds: number } & Record<string, unknown>;
}

/** Pods that no node takes: they are made, and stay as they are. */
const template = (spec: Record<string, unknown> = {}, metadata = {}) => ({
  metadata,
  spec: {
    nodeSelector: { "jobwright.dev/nowhere": "true" },
    containers: [{ name: "handlers", image: "localhost/nowhere:1", env: [{ name: "SIZE", value: "3" }] }],
    ...spec,
  },
});

async function templateOf(scene: Scene, name: string): Promise<Template> {
  const deployment = await scene.deployment(name);
  expect(deployment, `Deployment ${name}`).toBeDefined();
  return deployment?.spec.template as Template;
}

async function replicasOf(scene: Scene, name: string): Promise<number | undefined> {
  return (await scene.deployment(name))?.spec.replicas;
}

describe.concurrent("a WorkerPool", { timeout: 300_000 }, () => {
  test("is a Deployment of the user's template and what a worker needs", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail", { retry: { maxAttempts: 4, backoff: { initial: "2s" } } });
    await scene.applyPool("mail", {
      concurrency: 5,
      minReplicas: 2,
      drainTimeout: "90s",
      template: template({ priorityClassName: "" }, { labels: { team: "post" }, annotations: { note: "kept" } }),
    });
    await eventually(async () => expect(await replicasOf(scene, "mail")).toBe(2));
    const deployment = await scene.deployment("mail");
    const pool = await scene.pool("mail");
    expect(deployment?.metadata.ownerReferences).toMatchObject([
      { kind: "WorkerPool", name: "mail", uid: pool?.metadata.uid, controller: true },
    ]);
    const { metadata, spec } = await templateOf(scene, "mail");
    expect(metadata.labels).toMatchObject({
      team: "post",
      "jobwright.dev/pool": "mail",
      "app.kubernetes.io/managed-by": "jobwright",
    });
    expect(metadata.annotations).toMatchObject({
      note: "kept",
      "jobwright.dev/configuration-hash": expect.any(String),
    });
    expect(spec.terminationGracePeriodSeconds).toBe(90);
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.nodeSelector).toEqual({ "jobwright.dev/nowhere": "true" });
    const [container] = spec.containers;
    expect(container?.env).toMatchObject([
      { name: "SIZE", value: "3" },
      { name: "JOBWRIGHT_POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ]);
    expect(container?.volumeMounts).toMatchObject([
      { mountPath: "/etc/jobwright/config", readOnly: true },
      { mountPath: "/etc/jobwright/credentials", readOnly: true },
    ]);
    expect(container?.readinessProbe).toMatchObject({ httpGet: { path: "/readyz", port: 9464 } });
    expect(spec.volumes).toMatchObject([
      { configMap: { name: "mail-worker" } },
      { secret: { secretName: "mail-worker" } },
    ]);

    const configuration = (await scene.client.get(configMaps, "mail-worker", scene.namespace)) as
      | (KubeObject & { data: Record<string, string> })
      | undefined;
    expect(workerConfiguration.parse(JSON.parse(configuration?.data["worker.json"] ?? ""))).toMatchObject({
      namespace: scene.namespace,
      pool: "mail",
      queue: `${scene.namespace}.mail`,
      concurrency: 5,
      retry: { maxAttempts: 4, initialMs: 2_000 },
      drainTimeoutMs: 90_000,
    });
    const credentials = binding.parse(await scene.secret("mail-worker"));
    expect(credentials).toMatchObject({
      username: `${scene.namespace}.mail.worker`,
      queue: `${scene.namespace}.mail`,
      "virtual-host": scene.vhost,
    });
    const worker = await connectAs(context, scene, "mail-worker");
    await worker.onChannel((channel) => channel.checkQueue(`${scene.namespace}.mail`));

    await eventually(async () => {
      const { status } = (await scene.pool("mail")) ?? {};
      expect(status).toMatchObject({ replicas: 2, desiredReplicas: 2, readyReplicas: 0, backlog: 0 });
      expect(status?.selector).toBe("jobwright.dev/pool=mail");
    });
  });

  test("puts what the runtime needs into the container named worker only", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    const containers = ["proxy", "worker"].map((name) => ({ name, image: "localhost/nowhere:1" }));
    await scene.applyPool("mail", { template: template({ containers }) });
    await eventually(async () => {
      const { spec } = await templateOf(scene, "mail");
      const [proxy, worker] = spec.containers;
      expect(proxy?.env).toBeUndefined();
      expect(proxy?.volumeMounts).toBeUndefined();
      expect(worker?.volumeMounts).toHaveLength(2);
    });
  });

  test("rolls its workers when their configuration changes, by the pool or by the queue", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { template: template() });
    const hash = async () => (await templateOf(scene, "mail")).metadata.annotations["jobwright.dev/configuration-hash"];
    const first = await eventually(hash);
    await scene.applyPool("mail", { template: template(), concurrency: 9 });
    const second = await eventually(async () => {
      const now = await hash();
      expect(now).not.toBe(first);
      return now;
    });
    await scene.applyQueue("mail", { retry: { maxAttempts: 9 } });
    await eventually(async () => expect(await hash()).not.toBe(second));
    const third = await hash();
    // What the workers are not told does not roll them.
    await scene.applyQueue("mail", { retry: { maxAttempts: 9 }, deliveryLimit: 5 });
    await eventually(async () => {
      expect(await scene.broker.find("policies", `jobwright:${scene.namespace}.mail`)).toMatchObject({
        definition: { "delivery-limit": 5 },
      });
    });
    expect(await hash()).toBe(third);
  });

  test("puts right what somebody else changes in its Deployment, Secret and ConfigMap", async (context) => {
    const scene = await setScene(context);
    const { client, namespace } = scene;
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { minReplicas: 1, template: template() });
    await eventually(async () => expect(await replicasOf(scene, "mail")).toBe(1));
    await client.patch(deployments, "mail", namespace, {
      spec: { replicas: 7, template: { spec: { terminationGracePeriodSeconds: 1 } } },
    });
    await eventually(async () => {
      expect(await replicasOf(scene, "mail")).toBe(1);
      expect((await templateOf(scene, "mail")).spec.terminationGracePeriodSeconds).toBe(300);
    });
    await eventually(async () => {
      const [told] = await scene.events("WorkerPool", "mail", "ScaledByOthers");
      expect(told?.message).toContain("replicas to 7, which are 1 again");
    });
    await client.delete(deployments, "mail", namespace);
    await eventually(async () => expect(await replicasOf(scene, "mail")).toBe(1));
    await client.delete(configMaps, "mail-worker", namespace);
    await eventually(async () => expect(await client.get(configMaps, "mail-worker", namespace)).toBeDefined());
    await client.delete(secrets, "mail-worker", namespace);
    await eventually(async () => {
      const worker = await connectAs(context, scene, "mail-worker");
      await worker.onChannel((channel) => channel.checkExchange(heartbeatExchange));
    });
  });

  test("gets back what is deleted while it is at work on something else", async (context) => {
    const scene = await setScene(context);
    const { client, namespace } = scene;
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { template: template() });
    await eventually(async () => expect(await scene.secret("mail-worker")).toBeDefined());
    await eventually(async () => expect(condition(await scene.pool("mail"), "Ready")).toMatch("Ready=True"));
    for (let delayMs = 0; delayMs <= 40; delayMs += 4) {
      // The pass that the first deletion causes may have looked at the Secret already when that goes.
      await client.delete(configMaps, "mail-worker", namespace);
      await pause(delayMs);
      await client.delete(secrets, "mail-worker", namespace);
      await eventually(async () => {
        expect(await client.get(configMaps, "mail-worker", namespace)).toBeDefined();
        expect(await scene.secret("mail-worker")).toBeDefined();
      });
    }
  });

  test("that is as asked is left alone", async (context) => {
    const scene = await setScene(context, { resyncMs: 1_000 });
    const { client, namespace } = scene;
    await scene.applyQueue("mail");
    // Of pods that find no node, the status has more to say after 20 s.
    await scene.applyPool("mail", { minReplicas: 1, template: template({ schedulerName: "none" }) });
    const children = async () => {
      const found = await Promise.all([
        client.get(configMaps, "mail-worker", namespace),
        client.get(secrets, "mail-worker", namespace),
        client.get(deployments, "mail", namespace),
      ]);
      return [...found.map((child) => child?.metadata.generation ?? child?.metadata.resourceVersion)];
    };
    // Figures come into the status some seconds later.
    const status = await eventually(async () => {
      const found = await scene.pool("mail");
      expect(found?.status).toMatchObject({ replicas: 1, backlog: 0 });
      await always(async () => expect(await scene.pool("mail")).toEqual(found), 4);
      return found?.status;
    });
    const before = { children: await children(), user: await scene.broker.user(`${namespace}.mail.worker`) };
    for (let round = 1; round <= 4; round += 1) {
      const seen = await scene.passes("workerpool");
      const metadata = { labels: { round: String(round) } };
      const { metadata: labelled } = await client.patch(workerPools, "mail", namespace, { metadata });
      await eventually(async () => expect(await scene.passes("workerpool")).toBeGreaterThan(seen + 1));
      const after = await scene.pool("mail");
      expect(after?.status).toEqual(status);
      expect(after?.metadata.resourceVersion).toBe(labelled.resourceVersion);
    }
    expect({ children: await children(), user: await scene.broker.user(`${namespace}.mail.worker`) }).toEqual(before);
  });

  test("can be applied before its queue", async (context) => {
    const scene = await setScene(context);
    await scene.applyPool("mail", { template: template() });
    await eventually(async () => {
      const waiting = condition(await scene.pool("mail"), "Reconciling");
      expect(waiting).toMatch("Reconciling=True QueueNotFound");
      expect(waiting).toContain(`JobQueue ${scene.namespace}/mail (spec.queueRef.name) does not exist: create it`);
    });
    expect(await scene.deployment("mail")).toBeUndefined();
    await scene.applyQueue("mail");
    await eventually(async () => expect(condition(await scene.pool("mail"), "Ready")).toMatch("Ready=True AtZero"));
  });

  test("says why its queue is not there yet", async (context) => {
    const scene = await setScene(context, { brokerSecret: null });
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { template: template() });
    await eventually(async () => {
      const waiting = condition(await scene.pool("mail"), "Reconciling");
      expect(waiting).toMatch("QueueNotReady");
      expect(waiting).toContain(`Secret ${scene.namespace}/broker (spec.broker.secretRef.name) does not exist`);
    });
  });

  test("cannot work on a queue that another pool has, until that is gone", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await scene.applyPool("first", { queueRef: { name: "mail" }, template: template() });
    await eventually(async () => expect(condition(await scene.pool("first"), "Ready")).toMatch("Ready=True"));
    await scene.applyPool("second", { queueRef: { name: "mail" }, template: template() });
    const [holder, other] = await eventually(async () => {
      const pools = await Promise.all(["first", "second"].map((name) => scene.pool(name)));
      const stalled = pools.find((pool) => condition(pool, "Stalled") !== undefined);
      expect(condition(stalled, "Stalled")).toMatch("Stalled=True QueueTaken");
      return [pools.find((pool) => pool !== stalled)?.metadata.name ?? "", stalled?.metadata.name ?? ""];
    });
    expect(holder).toBe("first");
    expect(condition(await scene.pool(other), "Stalled")).toContain(`WorkerPool ${scene.namespace}/first works on`);
    expect(await scene.deployment(other)).toBeUndefined();
    await scene.client.delete(workerPools, holder, scene.namespace);
    await eventually(async () => expect(condition(await scene.pool(other), "Ready")).toMatch("Ready=True"));
  });

  test.for([
    ["Deployment", "mail", deployments, { selector: { matchLabels: { mine: "yes" } }, replicas: 0 }],
    ["Secret", "mail-worker", secrets, undefined],
    ["ConfigMap", "mail-worker", configMaps, undefined],
  ] as const)("does not take over somebody else's %s", async ([kind, name, resource, spec], context) => {
    const scene = await setScene(context);
    const { client, namespace } = scene;
    const pod = { metadata: { labels: { mine: "yes" } }, spec: { containers: [{ name: "a", image: "b" }] } };
    const foreign: KubeObject = {
      metadata: { name, namespace },
      ...(spec ? { spec: { ...spec, template: pod } } : {}),
    };
    const mine = await client.create(resource, foreign);
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { template: template() });
    await eventually(async () => {
      const stalled = condition(await scene.pool("mail"), "Stalled");
      expect(stalled).toMatch(`Stalled=True ${kind}Taken`);
      expect(stalled).toContain(`${kind} ${namespace}/${name} exists and is not of WorkerPool mail`);
    });
    const found = await client.get(resource, name, namespace);
    expect(found?.metadata.uid).toBe(mine.metadata.uid);
    expect(found?.metadata.ownerReferences).toBeUndefined();
    await client.delete(resource, name, namespace);
    await eventually(async () => expect(condition(await scene.pool("mail"), "Ready")).toMatch("Ready=True"));
  });

  test("shows the API server's words for what it refuses in the template", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { template: template({ hostNetwrok: true }) });
    await eventually(async () => {
      const stalled = condition(await scene.pool("mail"), "Stalled");
      expect(stalled).toMatch("Stalled=True RefusedByApiServer");
      expect(stalled).toContain("hostNetwrok");
    });
    await scene.applyPool("mail", {
      template: template({ containers: [{ name: "handlers", image: "i", resources: { limits: { cpu: "much" } } }] }),
    });
    await eventually(async () => {
      expect(condition(await scene.pool("mail"), "Stalled")).toMatch(/RefusedByApiServer: .*quantities must match/);
    });
    await scene.applyPool("mail", { template: template() });
    await eventually(async () => expect(condition(await scene.pool("mail"), "Ready")).toMatch("Ready=True"));
  });

  test("shows the kubelet's words for an image that cannot be had", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { minReplicas: 1 });
    await eventually(async () => {
      const said = condition(await scene.pool("mail"), "Ready");
      expect(said).toMatch("Ready=False ErrImageNeverPull: pod mail-");
      expect(said).toContain("localhost/nowhere:1");
    });
    await eventually(async () => {
      const [event] = await scene.events("WorkerPool", "mail", "ErrImageNeverPull");
      expect(event?.type).toBe("Warning");
    });
  });

  test("follows kubectl scale in Manual mode, and refuses it in Auto mode with the way out", async (context) => {
    const scene = await setScene(context);
    const scale = (replicas: number) =>
      kubectl(["scale", "workerpool/mail", "-n", scene.namespace, `--replicas=${replicas}`]);
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { template: template() });
    await eventually(async () => expect(await scene.deployment("mail")).toBeDefined());
    const refused = await scale(3);
    expect(refused.ok).toBe(false);
    expect(refused.stderr).toContain("replicas is only for scaling.mode Manual");

    await scene.applyPool("mail", { template: template(), scaling: { mode: "Manual" }, replicas: 1 });
    await eventually(async () => expect(await replicasOf(scene, "mail")).toBe(1));
    expect(await scale(3)).toMatchObject({ ok: true });
    await eventually(async () => expect(await replicasOf(scene, "mail")).toBe(3));
    await eventually(async () => expect(await scene.pods("mail")).toHaveLength(3));
    expect(await scale(0)).toMatchObject({ ok: true });
    await eventually(async () => expect(await replicasOf(scene, "mail")).toBe(0));
    await eventually(async () => {
      const said = (await scene.events("WorkerPool", "mail")).map(({ reason, message }) => `${reason} ${message}`);
      expect(said).toContain("ScaledUp 1 → 3 workers: spec.replicas, in Manual mode");
      expect(said).toContain("ScaledDown 3 → 0 workers: spec.replicas, in Manual mode");
    });
  });

  test("that is deleted takes its pods along, then their user", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { minReplicas: 1, template: template() });
    await eventually(async () => expect(await scene.pods("mail")).toHaveLength(1));
    expect(await scene.broker.user(`${scene.namespace}.mail.worker`)).toBeDefined();
    await scene.client.delete(workerPools, "mail", scene.namespace);
    await eventually(async () => expect(await scene.pool("mail")).toBeUndefined());
    expect(await scene.deployment("mail")).toBeUndefined();
    expect(await scene.pods("mail")).toEqual([]);
    expect(await scene.broker.user(`${scene.namespace}.mail.worker`)).toBeUndefined();
    expect(await scene.queue("mail")).toBeDefined();
  });

  test("that is deleted together with its queue leaves no user on the broker", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { minReplicas: 1, template: template() });
    await eventually(async () => expect(await scene.pods("mail")).toHaveLength(1));
    await scene.client.delete(jobQueues, "mail", scene.namespace);
    await scene.client.delete(workerPools, "mail", scene.namespace);
    await eventually(async () => {
      expect(await scene.pool("mail")).toBeUndefined();
      expect(await scene.queue("mail")).toBeUndefined();
    });
    expect(await scene.broker.user(`${scene.namespace}.mail.worker`)).toBeUndefined();
  });
});
