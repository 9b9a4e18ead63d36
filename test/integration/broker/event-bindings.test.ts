import type { EventBinding } from "@jobwright/worker-runtime/contract";
import type { ChannelModel } from "amqplib";
import { describe, expect, it } from "vitest";
import {
  type Broker,
  closeIntake,
  ensureTopology,
  type JobQueueOnBroker,
  watchForWork,
} from "../../../operator/src/broker/index.ts";
import { freshBroker, jobQueue, publish, rawChannel, rawConnection, servers, takeAll } from "./fixture.ts";

const { name } = jobQueue;

function bound(...bindings: (Partial<EventBinding> & { exchange: string })[]): JobQueueOnBroker {
  return { ...jobQueue, bindings: bindings.map((one) => ({ routingKey: "", arguments: {}, ...one })) };
}

async function declare(model: ChannelModel, exchange: string, type: string): Promise<void> {
  const channel = await model.createChannel();
  await channel.assertExchange(exchange, type, { durable: true });
  await channel.close();
}

/** What is in the work queue, once it is so much. */
async function jobs(broker: Broker, count: number): Promise<unknown[]> {
  const channel = await rawChannel(broker);
  await expect.poll(async () => (await channel.checkQueue(name)).messageCount).toBe(count);
  return takeAll(channel, name);
}

const ensure = (broker: Broker, wanted: JobQueueOnBroker) => ensureTopology(broker, wanted, { fresh: true });

/** Keys of the bindings of the work queue to an exchange. */
async function keys({ management, address }: Broker, exchange: string): Promise<string[]> {
  const path = `bindings/${encodeURIComponent(address.vhost)}/e/${exchange}/q/${name}`;
  const list = (await management.get(path)) as { routing_key: string }[];
  return list.map(({ routing_key }) => routing_key).toSorted();
}

describe.each(servers)("bindings to exchanges of others on RabbitMQ $version", (server) => {
  it("bring the messages that they match, of every type of exchange, each once", async () => {
    const broker = await freshBroker(server, "events");
    const model = await rawConnection(broker);
    for (const type of ["topic", "direct", "fanout", "headers"]) await declare(model, `shop.${type}`, type);
    const wanted = bound(
      { exchange: "shop.topic", routingKey: "order.*" },
      { exchange: "shop.topic", routingKey: "order.created" },
      { exchange: "shop.direct", routingKey: "order" },
      { exchange: "shop.fanout" },
      { exchange: "shop.headers", routingKey: "all", arguments: { kind: "order", size: 3, urgent: true } },
      { exchange: "shop.headers", routingKey: "any", arguments: { "x-match": "any", kind: "offer", size: 7 } },
      { exchange: "amq.topic", routingKey: "#" },
    );
    expect((await ensure(broker, wanted)).eventBindings.absent).toEqual([]);
    expect((await ensure(broker, wanted)).eventBindings).toEqual({ absent: [], held: [], changed: [] });
    const sent: [exchange: string, key: string, headers: object, taken: boolean][] = [
      ["shop.topic", "order.created", {}, true],
      ["shop.topic", "order.deleted", {}, true],
      ["shop.topic", "order", {}, false],
      ["shop.direct", "order", {}, true],
      ["shop.direct", "order.created", {}, false],
      ["shop.fanout", "anything", {}, true],
      ["shop.headers", "x", { kind: "order", size: 3, urgent: true }, true],
      ["shop.headers", "x", { kind: "order", size: 3 }, false],
      ["shop.headers", "x", { kind: "offer" }, true],
      ["shop.headers", "x", { size: 7 }, true],
      ["shop.headers", "x", { size: 8 }, false],
      ["amq.topic", "a.b", {}, true],
    ];
    for (const [index, [exchange, key, headers, taken]] of sent.entries()) {
      expect(await publish(model, exchange, key, index, { headers }), `${exchange} ${key}`).toBe(
        taken ? "routed" : "returned",
      );
    }
    const taken = sent.flatMap(([, , , isTaken], index) => (isTaken ? [index] : []));
    expect(await jobs(broker, taken.length)).toEqual(taken);
  });

  it("go to the work queue of a JobQueue with lanes", async () => {
    const broker = await freshBroker(server, "events-lanes");
    const model = await rawConnection(broker);
    await declare(model, "shop", "topic");
    await ensure(broker, { ...bound({ exchange: "shop", routingKey: "#" }), lanes: ["fast"] });
    expect(await publish(model, "shop", "lane.fast.resize", 1)).toBe("routed");
    expect(await jobs(broker, 1)).toEqual([1]);
  });

  it("are changed under a publisher without losing a message", async () => {
    const broker = await freshBroker(server, "events-live");
    const model = await rawConnection(broker);
    await declare(model, "shop", "topic");
    await ensure(broker, bound({ exchange: "shop", routingKey: "order.*" }));
    let stopping = false;
    const sent: number[] = [];
    const publishing = (async () => {
      for (let n = 0; !stopping; n += 1) {
        expect(await publish(model, "shop", "order.created", n)).toBe("routed");
        sent.push(n);
      }
    })();
    for (const routingKey of ["order.created", "#", "*.created", "order.#", "order.*"]) {
      await ensure(broker, bound({ exchange: "shop", routingKey }));
      expect(await keys(broker, "shop")).toEqual([routingKey]);
    }
    await expect.poll(() => sent.length).toBeGreaterThan(5);
    stopping = true;
    await publishing;
    expect(await jobs(broker, sent.length)).toEqual(sent);
  });

  it("that go take none of the jobs with them that they brought", async () => {
    const broker = await freshBroker(server, "events-gone");
    const model = await rawConnection(broker);
    await declare(model, "shop", "headers");
    const wanted = bound({ exchange: "shop", arguments: { kind: "order" } }, { exchange: "shop", routingKey: "b" });
    await ensure(broker, wanted);
    await publish(model, "shop", "", 1, { headers: { kind: "order" } });
    const { eventBindings } = await ensure(broker, jobQueue);
    expect(eventBindings.changed.map(({ found }) => found).toSorted()).toEqual([
      `binding of queue "${name}" to exchange "shop" on "b" was there`,
      `binding of queue "${name}" to exchange "shop" was there`,
    ]);
    expect(await publish(model, "shop", "", 2, { headers: { kind: "order" } })).toBe("returned");
    expect(await jobs(broker, 1)).toEqual([1]);
  });

  it("wait for an exchange that does not exist, and the rest of the queue does not", async () => {
    const broker = await freshBroker(server, "events-absent");
    const model = await rawConnection(broker);
    const wanted = bound({ exchange: "later", routingKey: "#" }, { exchange: "amq.topic", routingKey: "#" });
    expect((await ensure(broker, wanted)).eventBindings.absent).toEqual(["later"]);
    expect(await publish(model, "amq.topic", "x", 1)).toBe("routed");
    expect(await publish(model, name, "resize", 2)).toBe("routed");
    await declare(model, "later", "topic");
    const { eventBindings } = await ensure(broker, wanted);
    expect(eventBindings).toEqual({
      absent: [],
      held: [],
      changed: [{ exchange: "later", found: `binding of queue "${name}" to exchange "later" on "#" was missing` }],
    });
    expect(await publish(model, "later", "x", 3)).toBe("routed");
    expect(await jobs(broker, 3)).toEqual([1, 2, 3]);
  });

  it("that workers cannot name yet are held, and what they replace stays", async () => {
    const broker = await freshBroker(server, "events-held");
    const model = await rawConnection(broker);
    await declare(model, "shop", "topic");
    await ensure(broker, bound({ exchange: "shop", routingKey: "order.*" }));
    const wanted = bound({ exchange: "shop", routingKey: "order.#", job: "bill" });
    const { eventBindings } = await ensure(broker, { ...wanted, holdsBindings: true });
    expect(eventBindings).toEqual({
      ...{ absent: [], changed: [] },
      held: [{ exchange: "shop", routingKey: "order.#" }],
    });
    expect(await keys(broker, "shop")).toEqual(["order.*"]);
    await ensure(broker, wanted);
    expect(await keys(broker, "shop")).toEqual(["order.#"]);
    expect((await ensure(broker, { ...wanted, holdsBindings: true })).eventBindings.held).toEqual([]);
    expect((await ensure(broker, { ...jobQueue, holdsBindings: true })).eventBindings.changed).toHaveLength(1);
  });

  it("of somebody else's making are left alone, even if they are as one that goes", async () => {
    const broker = await freshBroker(server, "events-strangers");
    const model = await rawConnection(broker);
    await declare(model, "shop", "topic");
    await ensure(broker, jobQueue);
    const channel = await rawChannel(broker);
    await channel.bindQueue(name, "shop", "order.*");
    await channel.bindQueue(name, "shop", "offer.*");
    await ensure(broker, bound({ exchange: "shop", routingKey: "order.*" }));
    expect(await keys(broker, "shop")).toEqual(["offer.*", "order.*", "order.*"]);
    await publish(model, "shop", "order.created", 1);
    expect(await jobs(broker, 1)).toEqual([1]);
    await ensure(broker, jobQueue);
    expect(await keys(broker, "shop")).toEqual(["offer.*", "order.*"]);
  });

  it("come back when somebody deleted them", async () => {
    const broker = await freshBroker(server, "events-drift");
    const model = await rawConnection(broker);
    await declare(model, "shop", "topic");
    const wanted = bound({ exchange: "shop", routingKey: "order.*" });
    await ensure(broker, wanted);
    const channel = await rawChannel(broker);
    await channel.unbindQueue(name, "shop", "order.*", { "x-jobwright": "spec.bindings" });
    expect(await keys(broker, "shop")).toEqual([]);
    expect((await ensure(broker, wanted)).eventBindings.changed).toHaveLength(1);
    expect(await keys(broker, "shop")).toEqual(["order.*"]);
  });

  it("let nothing in any more when the intake is closed", async () => {
    const broker = await freshBroker(server, "events-closed");
    const model = await rawConnection(broker);
    await ensure(broker, bound({ exchange: "amq.headers", arguments: { kind: "order" } }, { exchange: "amq.fanout" }));
    await closeIntake(broker, name);
    expect(await publish(model, "amq.fanout", "x", 1)).toBe("returned");
    expect(await publish(model, "amq.headers", "x", 2, { headers: { kind: "order" } })).toBe("returned");
  });

  it("wake a pool at zero", async () => {
    const broker = await freshBroker(server, "events-wake");
    const model = await rawConnection(broker);
    await declare(model, "shop", "headers");
    const wanted = bound(
      { exchange: "shop", arguments: { kind: "order" } },
      { exchange: "amq.topic", routingKey: "order.*" },
      { exchange: "absent" },
    );
    await ensure(broker, wanted);
    for (const [exchange, options] of [
      ["shop", { headers: { kind: "order" } }],
      ["amq.topic", {}],
    ] as const) {
      const woken = Promise.withResolvers<string>();
      const errors: unknown[] = [];
      const watch = watchForWork(broker, wanted, { onWake: woken.resolve, onError: (error) => errors.push(error) });
      await watch.ready;
      await publish(model, exchange, "order.created", 1, options);
      expect(await woken.promise).toBe("Published");
      await watch[Symbol.asyncDispose]();
      expect(await jobs(broker, 1)).toEqual([1]);
      expect(errors).toEqual([]);
    }
  });

  it("whose only copy the wake queue has keep the job that they are", async () => {
    const broker = await freshBroker(server, "events-copies");
    const model = await rawConnection(broker);
    await declare(model, "shop", "topic");
    const wanted = bound({ exchange: "shop", routingKey: "order.*", job: "bill" });
    await ensure(broker, wanted);
    const errors: unknown[] = [];
    const watch = watchForWork(broker, wanted, { onWake: () => {}, onError: (error) => errors.push(error) });
    await watch.ready;
    await broker.management.remove(`queues/${encodeURIComponent(broker.address.vhost)}/${name}`);
    expect(await publish(model, "shop", "order.created", 1)).toBe("routed");
    await watch[Symbol.asyncDispose]();
    const channel = await rawChannel(broker);
    const message = await channel.get(name, { noAck: true });
    expect(message).toMatchObject({ properties: { type: "bill" } });
    expect(errors).toEqual([]);
  });

  it("whose exchange goes while a pool sleeps lose nothing that it has had", async () => {
    const broker = await freshBroker(server, "events-source-gone");
    const model = await rawConnection(broker);
    await declare(model, "shop", "topic");
    const wanted = bound({ exchange: "shop", routingKey: "order.*", job: "bill" });
    await ensure(broker, wanted);
    const errors: unknown[] = [];
    const watch = watchForWork(broker, wanted, { onWake: () => {}, onError: (error) => errors.push(error) });
    await watch.ready;
    await broker.management.remove(`exchanges/${encodeURIComponent(broker.address.vhost)}/shop`);
    await publish(model, name, "resize", 1);
    await watch[Symbol.asyncDispose]();
    expect(await jobs(broker, 1)).toEqual([1]);
    expect(errors).toEqual([]);
  });
});
