import { once } from "node:events";
import { createProducer } from "@jobwright/worker-runtime";
import { binding, header, laneQueue } from "@jobwright/worker-runtime/contract";
import { type ConsumeMessage, connect, type GetMessage } from "amqplib";
import { expect, onTestFinished, test } from "vitest";
import { decodeData, type Secret } from "../../operator/src/credentials/secret-data.ts";
import { secrets } from "../../operator/src/kinds.ts";
import { nap } from "./handlers/jobs.ts";
import { apply } from "./kubectl.ts";
import { until } from "./until.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

const keys = { k1: Buffer.alloc(32, 1).toString("base64") };

/** What is published to the queue's outcome exchange from now on. */
async function listenToOutcomes({ vhost, queue }: Workspace): Promise<readonly ConsumeMessage[]> {
  const heard: ConsumeMessage[] = [];
  const model = await connect(vhost.amqpUrl);
  onTestFinished(() => model.close());
  const channel = await model.createChannel();
  const { queue: mine } = await channel.assertQueue("", { exclusive: true });
  await channel.bindQueue(mine, queue.outcomeExchange, "#");
  await channel.consume(mine, (message) => void (message && heard.push(message)), { noAck: true });
  return heard;
}

/** The first message that waits in a queue; it stays there. */
async function peek({ vhost }: Workspace, queue: string): Promise<GetMessage | undefined> {
  const model = await connect(vhost.amqpUrl);
  const channel = await model.createChannel();
  const message = await channel.get(queue);
  // Closing puts it back.
  await Promise.all([once(model, "close"), model.close()]);
  return message || undefined;
}

test("lanes by weight, a rate limit over all workers, encrypted bodies and outcome events, in pods", async () => {
  const workspace = await createWorkspace("features");
  const { namespace, queue, recorder } = workspace;
  await apply({
    ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "keys", namespace } },
    stringData: { ...keys, current: "k1" },
  });
  await workspace.applyQueue({
    lanes: [{ name: "fast", weight: 4 }],
    rateLimit: { jobs: 5, per: "1s" },
    encryption: { keySecretRef: { name: "keys" } },
    outcomes: "All",
    jobs: [{ name: "nap", schema: { type: "object", properties: { ms: { type: "integer", maximum: 60_000 } } } }],
  });
  const outcomes = await listenToOutcomes(workspace);
  const secret = await workspace.client.get<Secret>(secrets, "jobs-producer", namespace);
  const producer = createProducer({
    binding: binding.parse(decodeData(secret?.data)),
    encryption: { keys, current: "k1" },
  });
  onTestFinished(() => producer.close());
  await expect(producer.enqueue(nap, { ms: 70_000 })).rejects.toThrow("60000");
  const unlaned: string[] = [];
  const fast: string[] = [];
  for (let n = 0; n < 20; n += 1) {
    unlaned.push(await producer.enqueue(nap, { ms: 10 }));
    fast.push(await producer.enqueue(nap, { ms: 10 }, { lane: "fast" }));
  }
  const waiting = await peek(workspace, laneQueue(queue.queue, "fast"));
  expect(waiting?.properties.headers?.[header.encryption]).toBe("k1");
  expect(waiting?.content.toString("latin1")).not.toContain('"ms"');

  await workspace.applyPool({ maxReplicas: 4, minReplicas: 2 });
  const all = [...unlaned, ...fast];
  await until("all jobs are done", () => recorder.unfinished(all).length === 0, 60);
  await until("an outcome event for each", () => outcomes.length >= all.length);

  expect(recorder.repeated()).toEqual([]);
  const runs = recorder.runs().toSorted((a, b) => a.startedAtMs - b.startedAtMs);
  // While both have jobs, four of the lane are started for each one of none.
  const early = runs.slice(0, 15).filter(({ job }) => fast.includes(job));
  expect(early.length).toBeGreaterThanOrEqual(10);
  expect(early.length).toBeLessThan(15);
  // Forty at five a second, whoever starts them, and however many workers come meanwhile.
  const tookMs = (runs.at(-1)?.startedAtMs ?? 0) - (runs[0]?.startedAtMs ?? 0);
  expect(tookMs).toBeGreaterThan(((all.length - 1) / 5) * 1000 * 0.85);
  expect(tookMs).toBeLessThan(20_000);
  expect(new Set(runs.map(({ pod }) => pod)).size).toBeGreaterThan(1);
  expect(outcomes.map(({ fields, properties }) => [fields.routingKey, properties.correlationId]).toSorted()).toEqual(
    all.map((id) => ["done.nap", id]).toSorted(),
  );
});
