import { delayEntryExchange, delayLevel, delayRoutingKey } from "@jobwright/worker-runtime/contract";
import { describe, expect, test } from "vitest";
import { jobQueues } from "../../../operator/src/api/objects.ts";
import { connectAs, connectAsAdministrator, type Party, takeIn } from "./amqp.ts";
import { always, condition, eventually, namespaces, type Scene, setScene } from "./scene.ts";

async function ready(scene: Scene, name: string): Promise<void> {
  await eventually(async () => expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True"));
}

async function gone(scene: Scene, name: string): Promise<void> {
  await eventually(async () => expect(await scene.queue(name)).toBeUndefined());
}

/** The job that is first in a queue. */
function takeOut({ onChannel }: Party, queue: string): Promise<unknown> {
  return onChannel(async (channel) => {
    const message = await channel.get(queue, { noAck: true });
    if (message === false) throw new Error(`nothing is in queue "${queue}" now`);
    return JSON.parse(message.content.toString());
  });
}

/** What a JobQueue of this resolved name has on the broker. */
async function onBroker({ broker, namespace }: Scene, name: string): Promise<string[]> {
  const things = [
    ["exchanges", name],
    ["exchanges", `${name}.dlx`],
    ["exchanges", `${name}.outcomes`],
    ["queues", name],
    ["queues", `${name}.dead`],
    ["policies", `jobwright-defaults:${namespace}`],
    ["policies", `jobwright-defaults:${namespace}/dead`],
  ] as const;
  const found = await Promise.all(things.map(([kind, of]) => broker.find(kind, of)));
  return things.filter((_, index) => found[index] !== undefined).map(([kind, of]) => `${kind} ${of}`);
}

test.concurrent("a lane that is gone leaves its name to a JobQueue that waits for it", {
  timeout: 180_000,
}, async (context) => {
  const scene = await setScene(context);
  await scene.applyQueue("mail", { lanes: [{ name: "fast", weight: 2 }] });
  await ready(scene, "mail");
  await scene.applyQueue("other", { name: `${scene.namespace}.mail.fast` });
  await eventually(async () => expect(condition(await scene.queue("other"), "Stalled")).toMatch("NameTaken"));
  await scene.applyQueue("mail");
  await eventually(async () => expect(condition(await scene.queue("other"), "Ready")).toMatch("Ready=True"));
  await ready(scene, "mail");
});

describe.concurrent("a deleted JobQueue", { timeout: 300_000 }, () => {
  test("of policy Retain leaves queue and jobs, and takes only its producer's user along", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await ready(scene, "mail");
    const name = `${scene.namespace}.mail`;
    const producer = await connectAs(context, scene, "mail-producer");
    await producer.publish(name, "send", { kept: true });
    await scene.client.delete(jobQueues, "mail", scene.namespace);
    await gone(scene, "mail");
    expect(await onBroker(scene, name)).toHaveLength(7);
    expect(await scene.broker.user(`${name}.producer`)).toBeUndefined();
    await eventually(async () => expect(await scene.secret("mail-producer")).toBeUndefined());

    // A JobQueue of that name takes it up again.
    await scene.applyQueue("mail");
    await ready(scene, "mail");
    expect(await takeIn(context, scene, name)).toEqual([{ kept: true }]);
  });

  test("of policy Delete takes everything along, jobs included", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail", { deletionPolicy: "Delete" });
    await ready(scene, "mail");
    const name = `${scene.namespace}.mail`;
    const producer = await connectAs(context, scene, "mail-producer");
    await producer.publish(name, "send", {});
    await scene.client.delete(jobQueues, "mail", scene.namespace);
    await gone(scene, "mail");
    expect(await onBroker(scene, name)).toEqual([]);
    expect(await scene.broker.user(`${name}.producer`)).toBeUndefined();
  });

  test("of policy DeleteWhenEmpty waits for every job, refuses new ones meanwhile, then goes", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail", { deletionPolicy: "DeleteWhenEmpty" });
    await ready(scene, "mail");
    const name = `${scene.namespace}.mail`;
    const administrator = await connectAsAdministrator(context, scene);
    const producer = await connectAs(context, scene, "mail-producer");
    await producer.publish(name, "send", { job: "ready" });
    await producer.publish(name, "send", { job: "running" });
    await administrator.publish(delayEntryExchange, delayRoutingKey(1_024_000, name), { job: "delayed" });
    const worker = await administrator.model.createChannel();
    const first = await worker.get(name);
    expect(first).not.toBe(false);

    await scene.client.delete(jobQueues, "mail", scene.namespace);
    await eventually(async () => {
      const waiting = condition(await scene.queue("mail"), "Reconciling");
      expect(waiting).toMatch("Reconciling=True WaitingForJobs");
      expect(waiting).toContain("1 jobs wait, 1 run and 1 are delayed");
      expect(waiting).toContain("Set deletionPolicy to Delete to drop them");
      expect(await producer.publish(name, "send", { job: "late" })).toBe("unroutable");
    });
    // The delayed one's time comes, and nothing is lost while jobs are there.
    const delayed = await eventually(() => takeOut(administrator, delayLevel(10)));
    await administrator.publish(delayEntryExchange, delayRoutingKey(0, name), delayed);
    const second = await worker.get(name);
    expect(second).not.toBe(false);
    const third = await eventually(async () => {
      const message = await worker.get(name);
      if (message === false) throw new Error("the delayed job is not there yet");
      return message;
    });
    expect(JSON.parse(third.content.toString())).toEqual({ job: "delayed" });
    expect(await onBroker(scene, name)).toHaveLength(7);
    worker.ackAll();
    await gone(scene, "mail");
    expect(await onBroker(scene, name)).toEqual([]);
    expect(await scene.broker.user(`${name}.producer`)).toBeUndefined();
  });

  test("of policy DeleteWhenEmpty waits for the jobs in its lanes too, and brings to its workers those that nobody serves", async (context) => {
    const scene = await setScene(context);
    const spec = (...lanes: string[]) => ({
      deletionPolicy: "DeleteWhenEmpty",
      ...(lanes.length > 0 && { lanes: lanes.map((name) => ({ name })) }),
    });
    await scene.applyQueue("mail", spec("fast", "slow"));
    await ready(scene, "mail");
    const name = `${scene.namespace}.mail`;
    const producer = await connectAs(context, scene, "mail-producer");
    for (const lane of ["fast", "slow"]) await producer.publish(name, `lane.${lane}.send`, { lane });
    await scene.client.delete(jobQueues, "mail", scene.namespace);
    await eventually(async () => {
      expect(condition(await scene.queue("mail"), "Reconciling")).toContain("2 jobs wait, 0 run and 0 are delayed");
    });
    for (const key of ["send", "lane.fast.send"]) expect(await producer.publish(name, key, {})).toBe("unroutable");
    await scene.applyQueue("mail", spec("fast"));
    await eventually(async () => expect(await takeIn(context, scene, name)).toEqual([{ lane: "slow" }]));
    expect(await takeIn(context, scene, `${name}.fast`)).toEqual([{ lane: "fast" }]);
    await gone(scene, "mail");
    expect(await onBroker(scene, name)).toEqual([]);
    for (const lane of ["fast", "slow"]) expect(await scene.broker.find("queues", `${name}.${lane}`)).toBeUndefined();
  });

  test("of policy DeleteWhenEmpty can be told to drop its jobs after all", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail", { deletionPolicy: "DeleteWhenEmpty" });
    await ready(scene, "mail");
    const name = `${scene.namespace}.mail`;
    const producer = await connectAs(context, scene, "mail-producer");
    await producer.publish(name, "send", {});
    await scene.client.delete(jobQueues, "mail", scene.namespace);
    await eventually(async () => {
      expect(condition(await scene.queue("mail"), "Reconciling")).toMatch("WaitingForJobs");
    });
    await scene.client.patch(jobQueues, "mail", scene.namespace, { spec: { deletionPolicy: "Delete" } });
    await gone(scene, "mail");
    expect(await onBroker(scene, name)).toEqual([]);
  });

  test("that never had the name leaves alone what another has under it", async (context) => {
    const scene = await setScene(context);
    const name = `${scene.namespace}.shared`;
    await scene.applyQueue("first", { name });
    await ready(scene, "first");
    await scene.applyQueue("second", { name, deletionPolicy: "Delete" });
    await eventually(async () => expect(condition(await scene.queue("second"), "Stalled")).toMatch("NameTaken"));
    await scene.client.delete(jobQueues, "second", scene.namespace);
    await gone(scene, "second");
    expect(await onBroker(scene, name)).toHaveLength(7);
    expect(condition(await scene.queue("first"), "Ready")).toMatch("Ready=True");
    expect(await scene.broker.user(`${scene.namespace}.first.producer`)).toBeDefined();
  });

  test("keeps its name until it is gone, from a new operator too", async (context) => {
    const scene = await setScene(context);
    const name = `${scene.namespace}.shared`;
    await scene.applyQueue("first", { name, deletionPolicy: "DeleteWhenEmpty" });
    await ready(scene, "first");
    const producer = await connectAs(context, scene, "first-producer");
    await producer.publish(name, "send", {});
    await scene.applyQueue("second", { name });
    await eventually(async () => expect(condition(await scene.queue("second"), "Stalled")).toMatch("NameTaken"));
    await scene.client.delete(jobQueues, "first", scene.namespace);
    await eventually(async () => {
      expect(condition(await scene.queue("first"), "Reconciling")).toMatch("WaitingForJobs");
    });
    await scene.restartOperator();
    // Had the second taken it, it would have opened the intake again, and lost its queue with the first.
    await always(async () => {
      expect(condition(await scene.queue("second"), "Stalled")).toMatch("NameTaken");
      expect(await scene.broker.bindingKeys(name, name)).toEqual([]);
    }, 6);
    expect(await takeIn(context, scene, name)).toHaveLength(1);
    await gone(scene, "first");
    await ready(scene, "second");
    expect(await onBroker(scene, name)).toHaveLength(7);
  });

  test("that was let go by hand is succeeded by another of its name, with its jobs", async (context) => {
    const scene = await setScene(context);
    const name = `${scene.namespace}.mail`;
    await scene.applyQueue("mail", { deletionPolicy: "DeleteWhenEmpty" });
    await ready(scene, "mail");
    const producer = await connectAs(context, scene, "mail-producer");
    await producer.publish(name, "send", {});
    await scene.client.delete(jobQueues, "mail", scene.namespace);
    await eventually(async () => {
      expect(condition(await scene.queue("mail"), "Reconciling")).toMatch("WaitingForJobs");
    });
    await scene.client.patch(jobQueues, "mail", scene.namespace, { metadata: { finalizers: null } });
    await gone(scene, "mail");
    await scene.applyQueue("mail");
    await ready(scene, "mail");
    expect(await takeIn(context, scene, name)).toHaveLength(1);
  });

  test("with its namespace and all in it leaves nothing", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail", { deletionPolicy: "Delete" });
    await scene.applyPool("mail", { minReplicas: 1 });
    await ready(scene, "mail");
    await eventually(async () => expect(await scene.deployment("mail")).toBeDefined());
    await scene.client.delete(namespaces, scene.namespace);
    await eventually(async () => {
      expect(await scene.client.get(namespaces, scene.namespace)).toBeUndefined();
    });
  });
});
