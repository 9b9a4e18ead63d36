import { setTimeout as sleep } from "node:timers/promises";
import { queueNames } from "@jobwright/worker-runtime/contract";
import { connect } from "amqplib";
import { deployments } from "../../operator/src/kinds.ts";
import { createReflector } from "../../operator/src/kube/index.ts";
import type { Deployment } from "../../operator/src/workerpool/deployment.ts";
import type { Stage } from "../queues/stage.ts";

/** A wake that was missed is caught by a poll, and then takes as long as that. */
const limitMs = 60_000;

/** Publishes a job for each pool in turn. @returns how long each took until its Deployment was seen with replicas, ms. */
export async function wakeOneByOne(
  { client, namespace, broker, vhost }: Stage,
  pools: readonly string[],
): Promise<number[]> {
  const waiting = new Map<string, () => void>();
  const watch = createReflector<Deployment>({
    ...{ client, resource: deployments, namespace },
    onChange({ metadata, spec }) {
      if ((spec.replicas ?? 0) > 0) waiting.get(metadata.name)?.();
    },
  });
  watch.start();
  await watch.synced();
  const connection = await connect(`${broker.amqpUrl}/${encodeURIComponent(vhost.name)}`, { noDelay: true });
  const channel = await connection.createChannel();
  const took: number[] = [];
  try {
    for (const pool of pools) {
      await sleep(Math.random() * 1_000);
      const { promise: woken, resolve } = Promise.withResolvers<void>();
      waiting.set(pool, resolve);
      const beganMs = performance.now();
      const { exchange } = queueNames(`${namespace}.${pool}`);
      channel.publish(exchange, "work", Buffer.from("{}"), { mandatory: true });
      await Promise.race([woken, sleep(limitMs, undefined, { ref: false })]);
      took.push(performance.now() - beganMs);
    }
  } finally {
    await connection.close();
    await watch.stop();
  }
  return took;
}
