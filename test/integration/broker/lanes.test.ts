import { setTimeout as sleep } from "node:timers/promises";
import { delayEntryExchange, delayRoutingKey, laneQueue, laneRoutingKey } from "@jobwright/worker-runtime/contract";
import type { ChannelModel } from "amqplib";
import { describe, expect, it } from "vitest";
import {
  type Broker,
  closeIntake,
  deleteTopology,
  emptyLane,
  ensureTopology,
  isProvenEmpty,
  observeQuiet,
  removeLane,
  watchForWork,
} from "../../../operator/src/broker/index.ts";
import { retireLanes } from "../../../operator/src/jobqueue/leaving-lanes.ts";
import { freshBroker, jobQueue, publish, rawChannel, rawConnection, servers, takeAll } from "./fixture.ts";

const { name } = jobQueue;
const laned = { ...jobQueue, lanes: ["fast", "slow"] };
const fast = laneQueue(name, "fast");
const slow = laneQueue(name, "slow");

/** Publishes jobs with and without a lane, one after another, until told to stop. @returns what the broker took. */
function keepPublishing(model: ChannelModel) {
  const sent: number[] = [];
  let unroutable = 0;
  let stopping = false;
  const done = (async () => {
    for (let n = 0; !stopping; n += 1) {
      const key = n % 2 === 0 ? laneRoutingKey("fast", "resize") : "resize";
      if ((await publish(model, name, key, n)) === "routed") sent.push(n);
      else unroutable += 1;
    }
  })();
  return async () => {
    stopping = true;
    await done;
    return { sent, unroutable };
  };
}

/** All jobs that are in these queues. */
async function contents(broker: Broker, ...queues: string[]): Promise<number[]> {
  const channel = await rawChannel(broker);
  const found: unknown[] = [];
  for (const queue of queues) found.push(...(await takeAll(channel, queue)));
  return (found as number[]).toSorted((a, b) => a - b);
}

/** Until the lane is gone, as the controller does it. */
async function retire(broker: Broker, lane: string): Promise<void> {
  for (;;) {
    const { ready, unacked } = await emptyLane(broker, name, lane);
    if (ready + unacked === 0 && (await removeLane(broker, name, lane))) return;
    await sleep(200);
  }
}

describe.each(servers)("lanes on RabbitMQ $version", (server) => {
  it("get the jobs with their key, and the work queue gets all others, each once", async () => {
    const broker = await freshBroker(server, "lanes");
    await ensureTopology(broker, laned);
    expect((await ensureTopology(broker, laned, { fresh: true })).drifted).toEqual([]);
    const model = await rawConnection(broker);
    expect(await publish(model, name, laneRoutingKey("fast", "resize"), 1)).toBe("routed");
    expect(await publish(model, name, laneRoutingKey("slow", "resize"), 2)).toBe("routed");
    expect(await publish(model, name, laneRoutingKey("unknown", "resize"), 3)).toBe("routed");
    expect(await publish(model, name, "any.other.key.at.all", 4)).toBe("routed");
    for (const target of [name, fast, slow]) {
      await publish(model, delayEntryExchange, delayRoutingKey(0, target), target.length);
    }
    await expect.poll(async () => (await observeQuiet(broker, name)).ready).toBe(7);
    expect(await contents(broker, fast)).toEqual([1, fast.length]);
    expect(await contents(broker, slow)).toEqual([2, slow.length]);
    expect(await contents(broker, name)).toEqual([3, 4, name.length]);
  });

  it("come to a live queue and go again, and no job is lost, doubled or refused", async () => {
    const broker = await freshBroker(server, "lanes-live");
    await ensureTopology(broker, jobQueue);
    const stop = keepPublishing(await rawConnection(broker));
    const added = await ensureTopology(broker, laned, { fresh: true });
    expect(added.lanes).toEqual({ serving: ["fast", "slow"], leaving: [] });
    const channel = await rawChannel(broker);
    const inFast = async () => (await channel.checkQueue(fast)).messageCount;
    await expect.poll(inFast).toBeGreaterThan(3);
    const removed = await ensureTopology(broker, { ...jobQueue, lanes: ["slow"] }, { fresh: true });
    expect(removed.lanes).toEqual({ serving: ["slow"], leaving: ["fast"] });
    await retire(broker, "fast");
    await ensureTopology(broker, jobQueue, { fresh: true });
    await retire(broker, "slow");
    const { sent, unroutable } = await stop();
    expect(unroutable).toBe(0);
    expect(sent.length).toBeGreaterThan(10);
    expect(await contents(broker, name)).toEqual(sent);
    // As if there had never been any.
    const { queues, exchanges, policies } = await broker.observe({ fresh: true });
    expect([...queues.keys()].filter((one) => one.startsWith(name)).toSorted()).toEqual([name, `${name}.dead`]);
    expect(exchanges.has(`${name}.unlaned`)).toBe(false);
    expect([...policies.keys()].filter((one) => one.startsWith("jobwright:media."))).toEqual([]);
    expect((await ensureTopology(broker, jobQueue, { fresh: true })).drifted).toEqual([]);
  });

  it("that go leave their delayed jobs to the work queue, and take them back if they return", async () => {
    const broker = await freshBroker(server, "lanes-delayed");
    await ensureTopology(broker, laned);
    const model = await rawConnection(broker);
    await publish(model, delayEntryExchange, delayRoutingKey(3_600_000, fast), 0);
    await publish(model, delayEntryExchange, delayRoutingKey(3_000, fast), 1);
    await ensureTopology(broker, jobQueue, { fresh: true });
    await retire(broker, "fast");
    await expect.poll(() => contents(broker, name)).toEqual([1]);
    // The one of an hour is the work queue's.
    await expect.poll(async () => (await observeQuiet(broker, name)).delayed).toBe(1);
    await ensureTopology(broker, laned, { fresh: true });
    await publish(model, delayEntryExchange, delayRoutingKey(1_000, fast), 2);
    await expect.poll(() => contents(broker, fast)).toEqual([2]);
    expect(await contents(broker, name)).toEqual([]);
  });

  it("that return and go once more are watched anew, so that a job in a worker's hands keeps its queue", async () => {
    const broker = await freshBroker(server, "lanes-again");
    await ensureTopology(broker, laned);
    const quietSince = new Map<string, number>();
    const leave = async (atMs: number) => {
      const { lanes } = await ensureTopology(broker, { ...jobQueue, lanes: ["slow"] }, { fresh: true });
      return (await retireLanes(broker, name, lanes.leaving, quietSince, () => atMs)).map(({ lane }) => lane);
    };
    expect(await leave(0)).toEqual(["fast"]);
    const { lanes } = await ensureTopology(broker, laned, { fresh: true });
    expect(await retireLanes(broker, name, lanes.leaving, quietSince, () => 1_000)).toEqual([]);
    const model = await rawConnection(broker);
    await publish(model, name, laneRoutingKey("fast", "resize"), 1);
    const worker = await rawChannel(broker);
    await expect.poll(() => worker.get(fast)).toBeTruthy();
    // The broker's counts do not show yet that a worker has it.
    expect(await leave(60_000)).toEqual(["fast"]);
    await worker.close();
    // It goes back a moment after the channel is closed.
    const left = async () => {
      expect(await leave(61_000)).toEqual(["fast"]);
      return contents(broker, name);
    };
    await expect.poll(left).toEqual([1]);
  });

  it("that go hand on each job once, whatever else its producer had routed it to", async () => {
    const broker = await freshBroker(server, "lanes-cc");
    await ensureTopology(broker, laned);
    const channel = await rawChannel(broker);
    channel.publish(name, laneRoutingKey("fast", "resize"), Buffer.from("1"), { headers: { CC: [slow] } });
    await expect.poll(async () => (await channel.checkQueue(fast)).messageCount).toBe(1);
    const before = (await channel.checkQueue(slow)).messageCount;
    await ensureTopology(broker, { ...jobQueue, lanes: ["slow"] }, { fresh: true });
    await retire(broker, "fast");
    expect((await channel.checkQueue(slow)).messageCount).toBe(before);
  });

  it("have their alternate exchange whatever policies strangers have", async () => {
    const broker = await freshBroker(server, "lanes-overridden");
    const at = encodeURIComponent(broker.address.vhost);
    const other = { pattern: ".*", "apply-to": "exchanges", priority: 200, definition: { "alternate-exchange": "x" } };
    await broker.management.put(`policies/${at}/everything`, other);
    await ensureTopology(broker, laned);
    const model = await rawConnection(broker);
    expect(await publish(model, name, "resize", 1)).toBe("routed");
    expect(await publish(model, name, laneRoutingKey("fast", "resize"), 2)).toBe("routed");
    expect(await contents(broker, name)).toEqual([1]);
    expect(await contents(broker, fast)).toEqual([2]);
  });

  it("come back when somebody deletes their queue, and are simply gone if they were leaving", async () => {
    const broker = await freshBroker(server, "lanes-by-hand");
    await ensureTopology(broker, laned);
    const remove = (queue: string) =>
      broker.management.remove(`queues/${encodeURIComponent(broker.address.vhost)}/${encodeURIComponent(queue)}`);
    await remove(fast);
    const { drifted } = await ensureTopology(broker, laned, { fresh: true });
    expect(drifted.join()).toContain(`queue "${fast}" was missing`);
    await publish(await rawConnection(broker), name, laneRoutingKey("fast", "resize"), 1);
    expect(await contents(broker, fast)).toEqual([1]);
    await remove(slow);
    const { lanes } = await ensureTopology(broker, { ...jobQueue, lanes: ["fast"] }, { fresh: true });
    expect(lanes).toEqual({ serving: ["fast"], leaving: [] });
  });

  it("are counted, closed and deleted with their queue", async () => {
    const broker = await freshBroker(server, "lanes-deleted");
    await ensureTopology(broker, laned);
    const model = await rawConnection(broker);
    await publish(model, name, laneRoutingKey("fast", "resize"), 1);
    await expect.poll(async () => (await observeQuiet(broker, name)).ready).toBe(1);
    expect(await isProvenEmpty(broker, name)).toBe(false);
    await closeIntake(broker, name);
    for (const key of ["resize", laneRoutingKey("fast", "resize")]) {
      expect(await publish(model, name, key, 2)).toBe("returned");
    }
    expect(await contents(broker, fast, name)).toEqual([1]);
    expect(await isProvenEmpty(broker, name)).toBe(true);
    await deleteTopology(broker, name);
    const { queues, exchanges, policies } = await broker.observe({ fresh: true });
    const left = [...queues.keys(), ...exchanges.keys(), ...policies.keys()].filter((one) => one.includes(name));
    expect(left).toEqual([]);
  });

  it("wake a pool at zero, and their only copies are put where they belong", async () => {
    const broker = await freshBroker(server, "lanes-wake");
    await ensureTopology(broker, laned);
    const model = await rawConnection(broker);
    for (const key of [laneRoutingKey("fast", "resize"), "resize"]) {
      const woken = Promise.withResolvers<string>();
      const watch = watchForWork(broker, laned, { onWake: woken.resolve, onError: () => {} });
      await watch.ready;
      await publish(model, name, key, 1);
      expect(await woken.promise).toBe("Published");
      await watch[Symbol.asyncDispose]();
      const queue = key === "resize" ? name : fast;
      expect(await contents(broker, queue)).toEqual([1]);
      expect(await contents(broker, name, fast, slow)).toEqual([]);
    }
    const watch = watchForWork(broker, laned, { onWake: () => {}, onError: () => {} });
    await watch.ready;
    await broker.management.remove(`queues/${encodeURIComponent(broker.address.vhost)}/${fast}`);
    expect(await publish(model, name, laneRoutingKey("fast", "resize"), 2)).toBe("routed");
    await expect.poll(() => contents(broker, fast).catch(() => [])).toEqual([2]);
    await watch[Symbol.asyncDispose]();
  });

  it("come or go while a pool at zero waits to be woken as before, and no job is left in its copy alone", async () => {
    const broker = await freshBroker(server, "lanes-rewake");
    const model = await rawConnection(broker);
    const onlyFast = { ...jobQueue, lanes: ["fast"] };
    for (const [before, after, key] of [
      [jobQueue, laned, "resize"],
      [laned, onlyFast, laneRoutingKey("slow", "resize")],
    ] as const) {
      await ensureTopology(broker, before, { fresh: true });
      const watch = watchForWork(broker, before, { onWake: () => {}, onError: () => {} }, () => after);
      await watch.ready;
      await ensureTopology(broker, after, { fresh: true });
      // Workers are there in no time: that they consume says nothing of a job which never came to them.
      const taken: unknown[] = [];
      const channel = await rawChannel(broker);
      await channel.consume(name, (message) => taken.push(message?.properties.type ?? message?.fields.routingKey), {
        noAck: true,
      });
      expect(await publish(model, name, key, 1)).toBe("routed");
      await expect.poll(() => taken).toEqual(["resize"]);
      await watch[Symbol.asyncDispose]();
      await channel.close();
    }
  });
});
