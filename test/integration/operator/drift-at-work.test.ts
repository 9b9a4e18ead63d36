// What somebody deletes while real workers work.
import { defineJob } from "@jobwright/worker-runtime";
import { delayEntryExchange, delayRoutingKey } from "@jobwright/worker-runtime/contract";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { brokerVersions } from "../../broker/index.ts";
import { connectAs } from "./amqp.ts";
import { unscheduled } from "./manifests.ts";
import { runPods } from "./pod-workers.ts";
import { condition, eventually, onlyWhenTold, setScene } from "./scene.ts";

describe.concurrent.each(brokerVersions)("workers on RabbitMQ %s", { timeout: 300_000 }, (version) => {
  test("go on by themselves when their queue was deleted, which the pool's own polls notice; delayed jobs find it again", async (context) => {
    const scene = await setScene(context, { version, ...onlyWhenTold });
    const name = `${scene.namespace}.mail`;
    const done: number[] = [];
    const send = defineJob({ name: "send", input: z.object({ n: z.int() }), run: ({ n }) => void done.push(n) });
    await scene.applyQueue("mail");
    await eventually(async () => expect(condition(await scene.queue("mail"), "Ready")).toMatch("Ready=True"));
    await scene.applyPool("mail", { template: unscheduled, replicas: 1, scaling: { mode: "Manual" } });
    const workers = await runPods(context, scene, { pool: "mail", jobs: [send] });
    const producer = await connectAs(context, scene, "mail-producer");
    const publish = (n: number) => producer.publish(name, "send", { n });

    expect(await publish(1)).toBe("routed");
    await eventually(() => expect(done).toEqual([1]));
    const [worker] = workers.running.keys();

    const inTwoSeconds = delayRoutingKey(2_000, name);
    await scene.broker.remove("queues", name);
    // Not before: it would be lost with the queue if that was deleted later than in two seconds.
    expect(await producer.publish(delayEntryExchange, inTwoSeconds, { n: 2 }, { type: "send" })).toBe("routed");
    await eventually(async () => expect(await publish(3)).toBe("routed"));
    await eventually(() => expect(done.toSorted()).toEqual([1, 2, 3]));
    expect([...workers.running.keys()]).toEqual([worker]);
    const [drifted] = await eventually(async () => {
      const events = await scene.events("JobQueue", "mail", "Drifted");
      expect(events).toHaveLength(1);
      return events;
    });
    expect(drifted?.message).toContain(`queue "${name}" was missing`);
    expect(drifted?.message).toContain("What was in a deleted queue is lost.");
  });
});
