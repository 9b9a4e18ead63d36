import { setTimeout as sleep } from "node:timers/promises";
import { createProducer } from "@jobwright/worker-runtime";
import { type JobQueue, jobQueues } from "../../operator/src/api/objects.ts";
import { manage } from "../../test/broker/index.ts";
import { nap } from "../../test/e2e/handlers/jobs.ts";
import { until } from "../../test/e2e/until.ts";
import type { Random } from "../crash/random.ts";
import { watchHistory } from "./history.ts";
import { type Row, rowOf } from "./row.ts";
import type { Stage } from "./stage.ts";
import type { Subject } from "./subject.ts";
import type { Trace } from "./traces.ts";
import { workerTemplate } from "./worker.ts";

/** What a run measured. */
export interface Measured {
  readonly row: Row;
  /** Until the first pod was seen to run, from where times count. */
  readonly firstRunningMs: number;
}

/** Has one subject scale workers through one trace, from none, and takes everything away afterwards. */
export async function runTrace(stage: Stage, subject: Subject, trace: Trace, random: Random): Promise<Measured> {
  const run = `${trace.name}-${crypto.randomUUID().slice(0, 6)}`;
  const queue = await stage.applyQueue(run);
  const template = workerTemplate({ run, image: stage.image, recorderUrl: stage.recorder.url });
  await using producer = await openProducer(stage, queue);
  await using history = await watchHistory(stage, run);
  let measured: Measured;
  {
    await using deployed = await subject.deploy({ stage, run, queue, template });
    await sleep(settleMs + random() * subject.pollingMs);
    const ranBefore = new Set(stage.recorder.runs());

    const beganMs = Date.now();
    const produced = producer.produce(trace);
    let fromMs = beganMs;
    if (deployed.scale) {
      await produced;
      fromMs = Date.now();
      await deployed.scale();
    }
    const enqueued = await produced;
    const limitMs = fromMs + trace.limitSeconds * 1000;
    const unfinished = () => stage.recorder.unfinished([...enqueued.keys()]).length;
    while (unfinished() > 0 && Date.now() < limitMs) await sleep(100);
    const toMs = Date.now();
    await until("nothing is delivered any more", () => isEmpty(stage, queue), emptySeconds).catch(() => {});
    // The kubelet says that a pod runs about a second after it does; short jobs are done by then.
    if (deployed.scale) await until("a pod is seen to run", () => history.firstRunningMs() !== undefined, emptySeconds);
    measured = {
      row: rowOf(
        { subject: subject.subject, config: subject.config, trace: trace.name },
        {
          fromMs,
          toMs,
          enqueued: deployed.scale ? new Map([...enqueued.keys()].map((job) => [job, fromMs])) : enqueued,
          executions: stage.recorder.runs().filter((one) => !ranBefore.has(one)),
          pods: history.pods(),
          replicas: history.replicas,
          brokerRequests: stage.proxy.requests,
        },
      ),
      firstRunningMs: (history.firstRunningMs() ?? Number.NaN) - fromMs,
    };
  }
  await until("the run's pods are gone", () => history.isEmpty(), 400);
  await removeQueue(stage, run);
  return measured;
}

/** What making the queue and the workers set going is to be over. */
const settleMs = 2_000;
/** The last acknowledgement is to have been heard of. */
const emptySeconds = 10;

/** Whether nothing is in the queue, delivered jobs included: a job that is done may yet be delivered again. */
async function isEmpty({ broker, vhost }: Stage, queue: string): Promise<boolean> {
  const path = `/api/queues/${encodeURIComponent(vhost.name)}?disable_stats=true&enable_queue_totals=true`;
  const queues = (await manage(broker, "GET", path)) as { name: string; messages?: number }[];
  return queues.find(({ name }) => name === queue)?.messages === 0;
}

/** Straight to the broker: what the proxy counts is what autoscalers ask. */
async function openProducer({ broker, vhost }: Stage, queue: string) {
  const producer = createProducer({ url: `${broker.amqpUrl}/${encodeURIComponent(vhost.name)}`, queue });
  return {
    /** Resolves, when all are stored, to when each was enqueued. */
    async produce({ arrivals }: Trace): Promise<ReadonlyMap<string, number>> {
      const beganMs = Date.now();
      const enqueued = new Map<string, number>();
      const storing = arrivals.map(async ({ atMs, ms }) => {
        if (atMs > 0) await sleep(beganMs + atMs - Date.now());
        const nowMs = Date.now();
        enqueued.set(await producer.enqueue(nap, { ms }), nowMs);
      });
      await Promise.all(storing);
      return enqueued;
    },
    [Symbol.asyncDispose]: () => producer.close(),
  };
}

async function removeQueue({ client, namespace }: Stage, name: string): Promise<void> {
  await client.delete(jobQueues, name, namespace);
  await until(`JobQueue ${name} is gone`, async () => !(await client.get<JobQueue>(jobQueues, name, namespace)));
}
