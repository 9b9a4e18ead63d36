import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jobQueues, workerPools } from "../../operator/src/api/objects.ts";
import { jobQueueManifest, workerPoolManifest } from "../../test/integration/operator/manifests.ts";
import { type CountingProxy, startCountingProxy } from "../harness/counting-proxy.ts";
import { buildOperator, describe, startOperatorProcess } from "../queues/operator-process.ts";
import { untilQuiet } from "../queues/quiet.ts";
import { openStage } from "../queues/stage.ts";
import { wakeOneByOne } from "./wake.ts";

export interface PoolsOptions {
  readonly count: number;
  /** How long nothing happens, to see what the operator does then. */
  readonly idleSeconds: number;
  /** How many of the pools are woken, one after the other. */
  readonly wakes: number;
  say(progress: string): void;
}

export interface PoolsResult {
  /** From the first apply of a WorkerPool until all stand ready at zero. */
  readonly readySeconds: number;
  readonly idle: {
    readonly seconds: number;
    /** Of one core, 0 to 1. */
    readonly cpu: number;
    readonly rssBytes: number;
    readonly brokerRequests: number;
    readonly apiCalls: number;
    readonly apiWrites: number;
    /** The longest that the operator's event loop was held. */
    readonly heldSeconds: number;
  };
  /** From the call that publishes a job until this machine sees the Deployment with replicas, ms. */
  readonly wakesMs: readonly number[];
}

/** Pods for these are made and find no node, so that nothing but the operator is at work. */
const nowhere = { "jobwright.dev/node": "nowhere" };
const loopback = "127.0.0.1";

/** Puts many WorkerPools at zero before an operator of their own, lets it stand idle, and wakes some. */
export async function runPools({ count, idleSeconds, wakes, say }: PoolsOptions): Promise<PoolsResult> {
  const bundle = await buildOperator();
  let proxy: CountingProxy | undefined;
  await using stage = await openStage(async (broker) => {
    proxy = await startCountingProxy(loopback, broker);
    return { host: loopback, port: `${proxy.amqpPort}`, "management-uri": proxy.managementUrl };
  });
  await using _proxy = proxy;
  const { kubeconfig, namespace, folder } = stage;
  const operator = await startOperatorProcess({
    ...{ bundle, kubeconfig, namespace },
    logFile: join(folder, "operator.log"),
  });
  try {
    await operator.until("the operator leads", 60_000, ({ leads }) => leads);
    const limits = { count, limitMs: 60_000 + count * 1_000 };
    await stage.applyUntilReady(jobQueues, (number) => jobQueueManifest(namespace, `jobs-${number}`), limits);
    say(`${count} JobQueues are ready`);
    const appliedMs = performance.now();
    const { spec } = workerPoolManifest(namespace, "") as unknown as { spec: { template: { spec: object } } };
    const template = { spec: { ...spec.template.spec, nodeSelector: nowhere } };
    await stage.applyUntilReady(
      workerPools,
      (number) => workerPoolManifest(namespace, `jobs-${number}`, { template }),
      limits,
    );
    const readySeconds = (performance.now() - appliedMs) / 1000;
    say(`${count} WorkerPools stand at zero after ${readySeconds.toFixed(1)} s; ${describe(await operator.read())}`);

    const settled = await untilQuiet(operator.read);
    const asked = proxy?.requests.length ?? 0;
    const idleMs = performance.now();
    await sleep(idleSeconds * 1000);
    const rested = await operator.read();
    const seconds = (performance.now() - idleMs) / 1000;
    const idle = {
      seconds,
      cpu: (rested.cpuSeconds - settled.cpuSeconds) / seconds,
      rssBytes: rested.rssBytes,
      brokerRequests: (proxy?.requests.length ?? 0) - asked,
      apiCalls: rested.apiCalls - settled.apiCalls,
      apiWrites: rested.apiWrites - settled.apiWrites,
      heldSeconds: rested.heldSeconds,
    };
    say(`idle for ${Math.round(seconds)} s: ${JSON.stringify(idle)}`);

    const pools = Array.from({ length: wakes }, (_, index) => `jobs-${Math.floor((index * count) / wakes)}`);
    const wakesMs = await wakeOneByOne(stage, pools);
    rmSync(folder, { recursive: true, force: true });
    return { readySeconds, idle, wakesMs };
  } finally {
    await operator.stop();
  }
}
