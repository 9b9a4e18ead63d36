import { setTimeout as pause } from "node:timers/promises";
import { defineJob, GiveUp } from "@jobwright/worker-runtime";
import type { TestContext } from "vitest";
import { expect } from "vitest";
import { z } from "zod";
import { type Lease, leaseResource } from "../../../operator/src/kube/lease.ts";
import type { Pod } from "../../../operator/src/workerpool/pods.ts";
import type { PrivateBroker } from "../../broker/index.ts";
import { pauseImage } from "../../cluster/containerd.ts";
import { connectAs, publishMany } from "../operator/amqp.ts";
import { type PodWorkers, runPods } from "../operator/pod-workers.ts";
import { condition, eventually, type Scene } from "../operator/scene.ts";
import { type SimulatedWorker, simulateWorker } from "../operator/simulated-worker.ts";

/** Pods that no scheduler looks at: they are made, and the test says what becomes of them. */
const ours = { spec: { schedulerName: "none", containers: [{ name: "handlers", image: "localhost/nowhere:1" }] } };

async function queueReady(scene: Scene, name: string): Promise<void> {
  await scene.applyQueue(name);
  await eventually(async () => expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True"));
}

async function onlyPod(scene: Scene, pool: string): Promise<string> {
  return eventually(async () => {
    const [pod] = await scene.pods(pool);
    if (pod === undefined) throw new Error(`pool ${pool} has no pod yet`);
    return pod.metadata.name;
  });
}

/** Somebody who does not work holds the operator's Lease. @returns call it to have it let go. */
export async function holdLease({ client, namespace }: Scene): Promise<() => Promise<unknown>> {
  const name = "jobwright-operator";
  const spec = { holderIdentity: "somebody", leaseDurationSeconds: 3_600 };
  await client.create<Lease>(leaseResource, { metadata: { name, namespace }, spec });
  return () => client.delete(leaseResource, name, namespace);
}

/** JobQueues and WorkerPools that their users have to mend, or that wait for something. */
export async function applyMistakes(scene: Scene): Promise<void> {
  await scene.applyQueue("secretless", { broker: { secretRef: { name: "missing" } } });
  await scene.applyQueue("unbound", { bindings: [{ exchange: "missing", routingKey: "a", job: "send" }] });
  await scene.applyPool("orphan", { queueRef: { name: "missing" } });
  await queueReady(scene, "misdated");
  const schedules = [{ cron: "0 8 * * *", timeZone: "Mars/Olympus", duration: "1h", minReplicas: 1 }];
  await scene.applyPool("misdated", { template: ours, scaling: { schedules } });
}

/** A queue that nobody works on gets a job each 20 ms, until the test ends. */
export async function flood(context: TestContext, scene: Scene, queue: string): Promise<void> {
  await queueReady(scene, queue);
  const over = new AbortController();
  const flooding = (async () => {
    while (!over.signal.aborted) {
      // The broker is stopped in the end.
      await publishMany(context, scene, queue, 50).catch(() => over.abort());
      await pause(1_000);
    }
  })();
  context.onTestFinished(async () => {
    over.abort();
    await flooding;
  });
}

/** A real worker whose jobs fail, each third one for good. It has none yet. */
export async function startFailing(context: TestContext, scene: Scene, pool: string): Promise<PodWorkers> {
  await queueReady(scene, pool);
  await scene.applyPool(pool, { template: ours, minReplicas: 1, maxReplicas: 1, concurrency: 20 });
  const send = defineJob({
    name: "send",
    input: z.object({ n: z.int() }),
    async run({ n }) {
      if (n % 3 === 0) throw new GiveUp("no such address");
      throw new Error("the mail server does not answer");
    },
  });
  const workers = await runPods(context, scene, { pool, jobs: [send] });
  await eventually(() => expect(workers.running.size).toBe(1));
  return workers;
}

/**
 * RabbitMQ's dead-letter workers die so often that their supervisor gives up: no delay ends any more, and no queue is made, until
 * the broker is started again.
 */
export async function loseDeadLetterWorkers(broker: PrivateBroker): Promise<void> {
  const killAll = "catch [exit(Pid, kill) || {_, Pid, _, _} <- supervisor:which_children(rabbit_fifo_dlx_sup)]";
  const again = "case whereis(rabbit_fifo_dlx_sup) of undefined -> lost; _ -> Lose() end";
  await broker.control("eval", `Lose = fun Lose() -> ${killAll}, ${again} end, Lose().`);
}

/** One real worker, which takes 15 s to start and 2 s a job, for a queue whose jobs may wait 1 s. */
export async function beLate(context: TestContext, scene: Scene, pool: string): Promise<void> {
  await queueReady(scene, pool);
  await publishMany(context, scene, pool, 100);
  await scene.applyPool(pool, { template: ours, maxReplicas: 1, concurrency: 1, scaling: { targetWait: "1s" } });
  const send = defineJob({ name: "send", input: z.unknown(), run: () => pause(2_000) });
  const starts = ({ metadata }: Pod) => Date.now() - Date.parse(metadata.creationTimestamp ?? "") > 15_000;
  await runPods(context, scene, { pool, jobs: [send], starts });
}

/** Somebody consumes: a queue without consumers, though workers say that they work, would be taken for one without a leader. */
async function consume(context: TestContext, scene: Scene, pool: string): Promise<void> {
  const { model } = await connectAs(context, scene, `${pool}-worker`);
  const channel = await model.createChannel();
  await channel.consume(`${scene.namespace}.${pool}`, () => {});
}

/** A worker with a run that does not end. That it has gone on for minutes is what it says: the operator waits for 5 min. */
export async function getStuck(context: TestContext, scene: Scene, pool: string): Promise<SimulatedWorker> {
  await queueReady(scene, pool);
  await scene.applyPool(pool, { template: ours, minReplicas: 1 });
  const worker = await simulateWorker(context, scene, pool, await onlyPod(scene, pool));
  await consume(context, scene, pool);
  await worker.run(1, { oldestRunningSeconds: 400 });
  return worker;
}

/** A worker that is cut off while nobody needs it any more. */
export async function fallSilent(context: TestContext, scene: Scene, pool: string): Promise<void> {
  await queueReady(scene, pool);
  const scaling = { scaleDownDelay: "0s", idleDelay: "0s" };
  await scene.applyPool(pool, { template: ours, minReplicas: 1, scaling });
  const worker = await simulateWorker(context, scene, pool, await onlyPod(scene, pool));
  await consume(context, scene, pool);
  await worker.run(1);
  await eventually(async () => expect((await scene.pool(pool))?.status?.busy).toBe(1));
  worker.fallSilent();
  await scene.applyPool(pool, { template: ours, minReplicas: 0, scaling });
}

/** A real pod, on the real node, whose program cannot be started. */
export async function crash(scene: Scene, pool: string): Promise<void> {
  await queueReady(scene, pool);
  const container = { name: "handlers", image: pauseImage, imagePullPolicy: "IfNotPresent", command: ["/missing"] };
  await scene.applyPool(pool, { template: { spec: { containers: [container] } }, minReplicas: 1, maxReplicas: 1 });
}

/** Jobs ask for more pods than there are nodes for. */
export async function findNoNode(context: TestContext, scene: Scene, pool: string): Promise<void> {
  await queueReady(scene, pool);
  const nodeSelector = { "jobwright.dev/nowhere": "true" };
  const template = { spec: { nodeSelector, containers: [{ name: "handlers", image: "localhost/nowhere:1" }] } };
  await scene.applyPool(pool, { template, minReplicas: 1, maxReplicas: 3 });
  await onlyPod(scene, pool);
  await pause(10_000);
  await publishMany(context, scene, pool, 100);
}
