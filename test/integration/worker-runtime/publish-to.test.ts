import { defineJob } from "@jobwright/worker-runtime";
import { queueNames } from "@jobwright/worker-runtime/contract";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { deleteUser, ensureTopology, ensureUser, poolPermissions } from "../../../operator/src/broker/index.ts";
import { addressOfUri } from "../../../worker-runtime/src/broker/address.ts";
import { readCluster } from "../../cluster/index.ts";
import { createTestQueue, headerOf } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const own = "media.image-resize";
const target = "media.audit";
const stranger = "media.other";

describe.each(readCluster().brokers)("on RabbitMQ $version", (server) => {
  /** A worker with no more rights than the operator gives to a pool that may publish to `target`. */
  async function setUp() {
    const queue = await createTestQueue(own, [], server);
    const { operator, vhost } = queue;
    for (const name of [target, stranger]) {
      const wanted = { name, deliveryLimit: 20, deadLetter: { retentionMs: 3_600_000 }, lanes: ["fast"] };
      await ensureTopology(operator, wanted, { fresh: true });
    }
    const user = { name: `${vhost.name}.resizers`, password: "of-this-test" };
    const publishTo = [{ queueName: target, lanes: ["fast"] }];
    const permissions = poolPermissions({ queueName: own, namespace: "media", pool: "resizers", publishTo });
    await ensureUser(operator, { ...user, permissions });
    onTestFinished(() => deleteUser(operator, user.name));
    const log = defineJob({ name: "log", input: z.string(), run() {} });
    const resize = defineJob({
      name: "resize",
      input: z.object({ queue: z.string() }),
      async run({ queue: to }, job) {
        await job.enqueue(log, "at once", { queue: to });
        await job.enqueue(log, "in a lane", { queue: to, lane: "fast" });
        await job.enqueue(log, "later", { queue: to, delay: "1s" });
        await job.enqueue(log, "later, in a lane", { queue: to, lane: "fast", delay: "1s" });
      },
    });
    const uri = new URL(vhost.amqpUrl);
    Object.assign(uri, { username: encodeURIComponent(user.name), password: user.password });
    const address = addressOfUri(uri.href);
    const worker = await runWorker(queue, [resize], { address: async () => address });
    return { queue, worker };
  }

  test("a handler enqueues to a queue of publishTo, at once and delayed, to the queue and its lanes", async () => {
    const { queue, worker } = await setUp();
    await queue.publish("resize", { queue: target });
    await until("its children", async () => (await queue.ready(target)) === 2);
    await until("those of the lane", async () => (await queue.ready(`${target}.fast`)) === 2);
    expect(await queue.leftBy(worker)).toBe(0);
  });

  test("a job that enqueues to another queue is a failure of the handler's, which says what is missing", async () => {
    const { queue } = await setUp();
    await queue.publish("resize", { queue: stranger });
    const letter = await queue.deadLetter();
    expect(headerOf(letter, "jobwright-error-message")).toMatch(/ACCESS_REFUSED.*spec\.publishTo$/);
    for (const name of [stranger, `${stranger}.fast`]) expect(await queue.ready(queueNames(name).queue)).toBe(0);
  });
});
