import { setTimeout as pause } from "node:timers/promises";
import { createProducer, defineJob, GiveUp } from "@jobwright/worker-runtime";
import { binding } from "@jobwright/worker-runtime/contract";
import { pino } from "pino";
import { expect, type TestContext } from "vitest";
import { z } from "zod";
import type { Target } from "../../prometheus/index.ts";
import { type PodWorkers, runPods } from "../operator/pod-workers.ts";
import { condition, eventually, type Scene } from "../operator/scene.ts";

/** Pods that no scheduler looks at: their workers run in this process. */
const template = { spec: { schedulerName: "none", containers: [{ name: "handlers", image: "localhost/nowhere:1" }] } };

const work = z.object({ ms: z.number(), ends: z.enum(["well", "badly", "hopelessly"]) });

async function run({ ms, ends }: z.infer<typeof work>, attempt: number): Promise<void> {
  await pause(ms);
  if (ends === "hopelessly") throw new GiveUp("the picture is broken");
  if (ends === "badly" && attempt < 3) throw new Error("the storage does not answer");
}

const resize = defineJob({ name: "resize", input: work, run: (input, { attempt }) => run(input, attempt) });
const convert = defineJob({ name: "convert", input: work, run: (input, { attempt }) => run(input, attempt) });
const send = defineJob({ name: "send", input: work, run: (input, { attempt }) => run(input, attempt) });

/** Work of all kinds: two queues with a pool each, of which one has lanes and a rate limit; and a queue that is not well. */
export interface BusyShop {
  /** The workers that run now, to be scraped. */
  targets(): Target[];
  /** Sends pictures, one in five by the express lane. Of those that go wrong half are hopeless. */
  pictures(count: number, options?: { readonly ms?: number; readonly wrong?: number }): Promise<void>;
  mails(count: number): Promise<void>;
}

export async function openShop(context: TestContext, scene: Scene): Promise<BusyShop> {
  const retry = { maxAttempts: 4, backoff: { initial: "1s", max: "5s" } };
  await scene.applyQueue("images", { lanes: [{ name: "express", weight: 4 }], rateLimit: { jobs: 80 }, retry });
  await scene.applyQueue("mail", { retry });
  await scene.applyQueue("invoices", { broker: { secretRef: { name: "forgotten" } } });
  const scaling = { targetWait: "5s", scaleDownDelay: "15s", idleDelay: "30s" };
  await scene.applyPool("resize", { queueRef: { name: "images" }, template, concurrency: 4, maxReplicas: 4, scaling });
  await scene.applyPool("mail", { template, minReplicas: 1, maxReplicas: 2, concurrency: 2, scaling });
  const pools: Record<string, PodWorkers> = {
    resize: await runPods(context, scene, { pool: "resize", jobs: [resize, convert] }),
    mail: await runPods(context, scene, { pool: "mail", jobs: [send] }),
  };
  await eventually(async () => {
    for (const queue of ["images", "mail"]) expect(condition(await scene.queue(queue), "Ready")).toMatch("Ready=True");
  });

  async function producerOf(queue: string) {
    const facts = binding.parse(await scene.secret(`${queue}-producer`));
    const producer = createProducer({ binding: facts, log: pino({ level: "silent" }) });
    context.onTestFinished(() => producer.close());
    return producer;
  }
  const [images, mail] = [await producerOf("images"), await producerOf("mail")];
  let sent = 0;
  return {
    targets: () =>
      Object.entries(pools).flatMap(([pool, { running }]) =>
        [...running].map(([pod, { telemetryPort }]) => ({
          address: `127.0.0.1:${telemetryPort}`,
          labels: { job: "jobwright-workers", namespace: scene.namespace, pod, pool },
        })),
      ),
    async pictures(count, { ms = 120, wrong = 0.05 } = {}) {
      const one = () => {
        sent += 1;
        const chance = Math.random();
        const ends = chance < wrong / 2 ? "hopelessly" : chance < wrong ? "badly" : "well";
        const input = { ms: ms * (0.5 + Math.random()), ends } as const;
        return images.enqueue(sent % 3 === 0 ? convert : resize, input, sent % 5 === 0 ? { lane: "express" } : {});
      };
      // At once: on a busy machine a burst would be none otherwise.
      await Promise.all(Array.from({ length: count }, one));
    },
    async mails(count) {
      for (let n = 0; n < count; n += 1) await mail.enqueue(send, { ms: 30, ends: "well" });
    },
  };
}
