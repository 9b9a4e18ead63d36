import { describe, expect, test } from "vitest";
import { workerPools } from "../../../operator/src/api/objects.ts";
import { configMaps } from "../../../operator/src/kinds.ts";
import type { KubeObject } from "../../../operator/src/kube/index.ts";
import { connectAsAdministrator, takeIn } from "./amqp.ts";
import { unscheduled } from "./manifests.ts";
import { condition, eventually, type Scene, setScene } from "./scene.ts";

interface ConfigMap extends KubeObject {
  data: Record<string, string>;
}

const exchange = (type: string) => ({ type, durable: true });

async function ready(scene: Scene, name: string): Promise<void> {
  await eventually(async () => expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True"));
}

async function says(scene: Scene, name: string, what: string): Promise<void> {
  await eventually(async () => expect(condition(await scene.queue(name), "Ready")).toMatch(what));
}

describe.concurrent("a JobQueue's bindings to exchanges of others", { timeout: 300_000 }, () => {
  test("wait for an exchange that does not exist, while the queue works, and are made once it does", async (context) => {
    const scene = await setScene(context);
    const queue = `${scene.namespace}.bills`;
    const bindings = [{ exchange: "shop", routingKey: "order.*", job: "bill" }];
    await scene.applyQueue("bills", { bindings });
    await says(scene, "bills", 'Ready=False BindingSourceMissing: exchange "shop" (spec.bindings[0].exchange)');
    expect((await scene.queue("bills"))?.status?.bindings).toMatchObject([
      { ...bindings[0], waiting: expect.stringContaining("exchange") },
    ]);
    expect(await scene.secret("bills-producer")).toMatchObject({ queue });
    const administrator = await connectAsAdministrator(context, scene);
    expect(await administrator.publish(queue, "bill", 1)).toBe("routed");
    await scene.broker.put(exchange("topic"), "exchanges", "shop");
    await ready(scene, "bills");
    expect((await scene.queue("bills"))?.status?.bindings).toEqual(bindings);
    expect(await administrator.publish("shop", "order.created", 2)).toBe("routed");
    expect(await takeIn(context, scene, queue)).toEqual([1, 2]);
    await eventually(async () => expect(await scene.events("JobQueue", "bills", "Bound")).toHaveLength(1));
    expect(await scene.events("JobQueue", "bills", "Drifted")).toEqual([]);
  });

  test("go as the spec says, by an operator that remembers nothing too, and strangers' stay", async (context) => {
    const scene = await setScene(context);
    const queue = `${scene.namespace}.bills`;
    await scene.broker.put(exchange("headers"), "exchanges", "shop");
    const kept = { exchange: "shop", routingKey: "kept", arguments: { kind: "order", urgent: true, size: 3 } };
    const bindings = [kept, { exchange: "shop", routingKey: "old" }, { exchange: "amq.topic", routingKey: "#" }];
    await scene.applyQueue("bills", { bindings });
    await ready(scene, "bills");
    expect((await scene.broker.bindingKeys("shop", queue)).toSorted()).toEqual(["kept", "old"]);
    const administrator = await connectAsAdministrator(context, scene);
    await administrator.onChannel((channel) => channel.bindQueue(queue, "shop", "strangers"));
    expect(await administrator.publish("amq.topic", "any", 1)).toBe("routed");
    await scene.restartOperator();
    await scene.applyQueue("bills", { bindings: [kept] });
    await eventually(async () => {
      expect((await scene.broker.bindingKeys("shop", queue)).toSorted()).toEqual(["kept", "strangers"]);
      expect(await scene.broker.bindingKeys("amq.topic", queue)).toEqual([]);
    });
    expect(await takeIn(context, scene, queue)).toEqual([1]);
    await eventually(async () => expect((await scene.queue("bills"))?.status?.bindings).toEqual([kept]));
  });

  test("wait until the workers know how to name their messages", async (context) => {
    const scene = await setScene(context);
    const queue = `${scene.namespace}.bills`;
    await scene.applyQueue("bills", { bindings: [{ exchange: "amq.topic", routingKey: "order.*" }] });
    await ready(scene, "bills");
    // Its pods never run, and the first stays until the second does.
    await scene.applyPool("bills", { template: unscheduled, scaling: { mode: "Manual" }, replicas: 1 });
    await eventually(async () => expect((await scene.pods("bills")).length).toBe(1));
    const named = { exchange: "amq.topic", routingKey: "order.#", job: "bill" };
    await scene.applyQueue("bills", { bindings: [named] });
    await says(scene, "bills", 'Ready=False BindingWaitsForWorkers: bindings to "amq.topic" are made once all workers');
    await eventually(async () => expect((await scene.pods("bills")).length).toBe(2));
    expect(await scene.broker.bindingKeys("amq.topic", queue)).toEqual(["order.*"]);
    const told = await scene.client.get<ConfigMap>(configMaps, "bills-worker", scene.namespace);
    expect(JSON.parse(told?.data["worker.json"] ?? "{}")).toMatchObject({ bindings: [named] });
    // Nobody is left then who would have to know.
    await scene.client.delete(workerPools, "bills", scene.namespace);
    await eventually(async () => expect(await scene.broker.bindingKeys("amq.topic", queue)).toEqual(["order.#"]));
    await ready(scene, "bills");
  });

  test("do not wait for a pool at zero, which starts workers that know them", async (context) => {
    const scene = await setScene(context);
    const queue = `${scene.namespace}.bills`;
    await scene.applyQueue("bills");
    await scene.applyPool("bills", { template: unscheduled });
    await eventually(async () => expect(condition(await scene.pool("bills"), "Ready")).toMatch("True AtZero"));
    await scene.applyQueue("bills", { bindings: [{ exchange: "amq.topic", routingKey: "order.#", job: "bill" }] });
    await eventually(async () => expect(await scene.broker.bindingKeys("amq.topic", queue)).toEqual(["order.#"]));
    await ready(scene, "bills");
    const administrator = await connectAsAdministrator(context, scene);
    expect(await administrator.publish("amq.topic", "order.created", 1)).toBe("routed");
    await eventually(async () => expect((await scene.pods("bills")).length).toBe(1));
  });

  test("that somebody deleted come back, and an event says so", async (context) => {
    const scene = await setScene(context);
    const queue = `${scene.namespace}.bills`;
    await scene.applyQueue("bills", { bindings: [{ exchange: "amq.fanout" }] });
    await ready(scene, "bills");
    const administrator = await connectAsAdministrator(context, scene);
    const mark = { "x-jobwright": "spec.bindings" };
    await administrator.onChannel((channel) => channel.unbindQueue(queue, "amq.fanout", "", mark));
    await eventually(async () => {
      expect(await scene.broker.bindingKeys("amq.fanout", queue)).toEqual([""]);
      const [event] = await scene.events("JobQueue", "bills", "Drifted");
      expect(event?.message).toContain(`binding of queue "${queue}" to exchange "amq.fanout" was missing`);
    });
  });

  test("are refused if they would read what is not theirs to read, or can never match", async (context) => {
    const scene = await setScene(context);
    const queue = `${scene.namespace}.bills`;
    const spec = (binding: object) => ({ bindings: [binding] });
    await scene.applyQueue("bills", spec({ exchange: `${queue}.dlx` }));
    await says(scene, "bills", `Ready=False BindingNotAllowed: spec.bindings[0].exchange is "${queue}.dlx"`);
    // With lanes, whatever else is routed from the exchange does not reach the work queue.
    const letters = `${scene.namespace}.letters`;
    await scene.applyQueue("letters", { lanes: [{ name: "express" }] });
    await ready(scene, "letters");
    await scene.applyQueue("bills", spec({ exchange: letters, routingKey: "#" }));
    await says(scene, "bills", `Ready=False BindingNotAllowed: spec.bindings[0].exchange is "${letters}"`);
    const administrator = await connectAsAdministrator(context, scene);
    expect(await administrator.publish(letters, "send", 1)).toBe("routed");
    expect(await takeIn(context, scene, letters)).toEqual([1]);
    await scene.applyQueue("bills", spec({ exchange: "amq.headers", arguments: { size: 1.5 } }));
    await says(scene, "bills", 'Ready=False BindingInvalid: spec.bindings[0].arguments["size"]');
    await scene.applyQueue("bills", spec({ exchange: "amq.headers", arguments: { size: 1 } }));
    await ready(scene, "bills");
  });
});
