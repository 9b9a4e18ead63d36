import { defineJob } from "@jobwright/worker-runtime";
import { describe, expect, type TestContext, test } from "vitest";
import { z } from "zod";
import { workerPools } from "../../../operator/src/api/objects.ts";
import { secrets } from "../../../operator/src/kinds.ts";
import type { Pod } from "../../../operator/src/workerpool/pods.ts";
import { brokerVersions } from "../../broker/index.ts";
import { connectAs } from "./amqp.ts";
import { unscheduled as template } from "./manifests.ts";
import { runPods } from "./pod-workers.ts";
import { always, condition, eventually, type Scene, setScene } from "./scene.ts";

const manual = (replicas: number) => ({ template, replicas, drainTimeout: "10m", scaling: { mode: "Manual" } });

const generationOf = ({ metadata }: Pod) => metadata.annotations?.["jobwright.dev/credentials-generation"] ?? "1";

/** Jobs with a number: the first ones go on until they are let go. */
function createJobs(held: number) {
  const gate = Promise.withResolvers<void>();
  const started: number[] = [];
  const finished: number[] = [];
  const send = defineJob({
    name: "send",
    input: z.object({ n: z.int() }),
    async run({ n }) {
      started.push(n);
      if (n < held) await gate.promise;
      finished.push(n);
    },
  });
  return { send, started, finished, letGo: () => gate.resolve() };
}

async function publish(context: TestContext, scene: Scene, from: number, to: number): Promise<void> {
  const { model } = await connectAs(context, scene, "mail-producer");
  const channel = await model.createConfirmChannel();
  for (let n = from; n < to; n += 1) {
    channel.publish(`${scene.namespace}.mail`, "send", Buffer.from(JSON.stringify({ n })), { persistent: true });
  }
  await channel.waitForConfirms();
}

async function rotate(scene: Scene, value: string): Promise<void> {
  const annotations = { "jobwright.dev/rotate-credentials": value };
  await scene.client.patch(workerPools, "mail", scene.namespace, { metadata: { annotations } });
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe.concurrent.each(brokerVersions)("workers on RabbitMQ %s", { timeout: 300_000 }, (version) => {
  test("get a new user mid-work: no job is lost and none is repeated, and the user before goes with the last of its workers", async (context) => {
    const scene = await setScene(context, { version });
    const { send, started, finished, letGo } = createJobs(2);
    await scene.applyQueue("mail");
    await scene.applyPool("mail", manual(2));
    const workers = await runPods(context, scene, { pool: "mail", jobs: [send] });
    // Whatever happens: the workers are not stopped before their jobs end.
    context.onTestFinished(letGo);
    await eventually(async () => expect(condition(await scene.pool("mail"), "Ready")).toMatch("Ready=True Working"));
    await publish(context, scene, 0, 2);
    await eventually(() => expect(started).toHaveLength(2));
    const before = new Set(workers.running.keys());

    await rotate(scene, "leaked");
    // All workers of the new user are there, and the two before still finish what they have.
    await eventually(async () => {
      expect([...workers.running.keys()].filter((pod) => !before.has(pod))).toHaveLength(2);
      expect((await scene.pods("mail")).filter((pod) => generationOf(pod) === "1")).toHaveLength(2);
    });
    await publish(context, scene, 2, 40);
    await eventually(() => expect(finished).toHaveLength(38));
    const [first, second] = [`${scene.namespace}.mail.worker`, `${scene.namespace}.mail.worker_2`];
    await always(async () => expect(await scene.broker.user(first)).toBeDefined(), 3);
    expect((await scene.pool("mail"))?.status).toMatchObject({
      ...{ rotationRequest: "leaked" },
      credentials: { user: second, secretName: "mail-worker-2", retiring: [{ user: first }] },
    });

    letGo();
    await eventually(async () => {
      expect(await scene.broker.user(first)).toBeUndefined();
      expect(await scene.secret("mail-worker")).toBeUndefined();
      expect((await scene.pool("mail"))?.status?.credentials).toMatchObject({
        user: second,
        secretName: "mail-worker-2",
      });
      expect((await scene.pool("mail"))?.status?.credentials).not.toHaveProperty("retiring");
    });
    expect(finished.toSorted((a, b) => a - b)).toEqual(numbers(40));
    expect(started.toSorted((a, b) => a - b)).toEqual(numbers(40));
    expect(await scene.secret("mail-worker-2")).toMatchObject({ username: second });
    await eventually(async () => {
      const events = await scene.events("WorkerPool", "mail", "CredentialsRotated");
      expect(events.map(({ message }) => message)).toEqual([expect.stringContaining(second)]);
    });
  });

  test("keep their user as long as those that should replace them cannot start", async (context) => {
    const scene = await setScene(context, { version });
    const { send, finished, started } = createJobs(0);
    await scene.applyQueue("mail");
    await scene.applyPool("mail", manual(1));
    const starts = (pod: Pod) => generationOf(pod) === "1";
    const workers = await runPods(context, scene, { pool: "mail", jobs: [send], starts });
    await eventually(() => expect(workers.running.size).toBe(1));
    const first = `${scene.namespace}.mail.worker`;
    await rotate(scene, "1");
    await eventually(async () => expect((await scene.pods("mail")).map(generationOf).sort()).toEqual(["1", "2"]));
    await rotate(scene, "2");
    await eventually(async () => expect((await scene.pods("mail")).map(generationOf).sort()).toEqual(["1", "3"]));
    await publish(context, scene, 0, 5);
    await eventually(() => expect(finished).toHaveLength(5));
    await scene.restartOperator();
    await always(async () => expect(await scene.broker.user(first)).toBeDefined(), 5);
    await publish(context, scene, 5, 10);
    // A worker has several consumers, so neighbours may change places.
    await eventually(() => expect(finished.toSorted((a, b) => a - b)).toEqual(numbers(10)));
    expect(started.toSorted((a, b) => a - b)).toEqual(numbers(10));
    // The user in between is nobody's any more, and could be spared only once the rollout is over.
    expect((await scene.pool("mail"))?.status?.credentials?.user).toBe(`${first}_3`);
  });
});

describe.concurrent("a pool's users", { timeout: 300_000 }, () => {
  test("are replaced by the JobQueue's schedule, and all gone with the pool", async (context) => {
    let ahead = 0;
    const scene = await setScene(context, { now: () => Date.now() + ahead });
    await scene.applyQueue("mail", { access: { rotation: { interval: "24h" } } });
    await scene.applyPool("mail", { template });
    await eventually(async () => expect(condition(await scene.pool("mail"), "Ready")).toMatch("Ready=True AtZero"));
    const first = `${scene.namespace}.mail.worker`;
    ahead = 24.1 * 3_600_000;
    await scene.client.patch(workerPools, "mail", scene.namespace, { metadata: { labels: { look: "now" } } });
    await eventually(async () => {
      expect((await scene.pool("mail"))?.status?.credentials?.user).toBe(`${first}_2`);
      expect(await scene.broker.user(first)).toBeUndefined();
      expect(await scene.broker.user(`${first}_2`)).toBeDefined();
    });
    await scene.client.delete(workerPools, "mail", scene.namespace);
    await eventually(async () => expect(await scene.pool("mail")).toBeUndefined());
    for (const user of [first, `${first}_2`]) expect(await scene.broker.user(user)).toBeUndefined();
  });

  test("wait for a Secret that nobody else has", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { template });
    await eventually(async () => expect(condition(await scene.pool("mail"), "Ready")).toMatch("Ready=True AtZero"));
    await scene.client.create(secrets, {
      ...{ metadata: { name: "mail-worker-2", namespace: scene.namespace } },
      ...({ stringData: { mine: "yes" } } as object),
    });
    await rotate(scene, "1");
    await eventually(async () => expect(condition(await scene.pool("mail"), "Stalled")).toMatch("SecretTaken"));
    expect(await scene.broker.user(`${scene.namespace}.mail.worker`)).toBeDefined();
    await scene.client.delete(secrets, "mail-worker-2", scene.namespace);
    await eventually(async () => {
      expect(condition(await scene.pool("mail"), "Ready")).toMatch("Ready=True");
      expect(await scene.broker.user(`${scene.namespace}.mail.worker`)).toBeUndefined();
    });
  });
});
