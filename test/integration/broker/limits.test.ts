import {
  delayEntryExchange,
  delayParked,
  delayRoutingKey,
  laneQueue,
  laneRoutingKey,
  queueNames,
  returnsLane,
  returnsQueue,
} from "@jobwright/worker-runtime/contract";
import type { ChannelModel } from "amqplib";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type Broker,
  closeIntake,
  deleteTopology,
  ensureTopology,
  isProvenEmpty,
  type JobQueueOnBroker,
  observeQuiet,
  readDepth,
  watchForWork,
} from "../../../operator/src/broker/index.ts";
import { type LaneQuietSince, retireLanes } from "../../../operator/src/jobqueue/leaving-lanes.ts";
import { freshBroker, jobQueue, publish, rawChannel, rawConnection, servers, takeAll } from "./fixture.ts";

const { name } = jobQueue;
const fast = laneQueue(name, "fast");
const returns = returnsQueue(name);
const bounded: JobQueueOnBroker = { ...jobQueue, lanes: ["fast"], limits: { maxLength: 5 } };

/** Publishes one job and tells whether the broker took it. */
async function offer(model: ChannelModel, exchange: string, key: string, body: unknown): Promise<boolean> {
  return publish(model, exchange, key, body, { type: "resize" }).then(
    () => true,
    () => false,
  );
}

/** Offers jobs one after another. @returns those that were taken. */
async function offerMany(model: ChannelModel, key: string, bodies: readonly number[]): Promise<number[]> {
  const taken: number[] = [];
  for (const body of bodies) if (await offer(model, name, key, body)) taken.push(body);
  return taken;
}

const ready = async (broker: Broker, queue: string) => (await readDepth(broker.connection, queue))?.ready;

async function contents(broker: Broker, ...queues: string[]): Promise<number[]> {
  const channel = await rawChannel(broker);
  const found: unknown[] = [];
  for (const queue of queues) found.push(...(await takeAll(channel, queue)));
  return (found as number[]).toSorted((a, b) => a - b);
}

/** Steps until nothing is left that is to leave, as the controller does it. */
async function retire(broker: Broker, leaving: string, now: () => number = hasty()): Promise<void> {
  const seen: LaneQuietSince = new Map();
  await expect.poll(() => retireLanes(broker, name, [leaving], seen, now)).toEqual([]);
}

/** For where nobody has a job in hand: what the broker counts late is nothing to wait for. */
function hasty(): () => number {
  let ms = 0;
  return () => (ms += 3_000);
}

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

describe.each(servers)("limits on RabbitMQ $version", (server) => {
  it("have a full queue refuse its producers, each lane by itself, until there is room", async () => {
    const broker = await freshBroker(server, "limits");
    expect((await ensureTopology(broker, bounded)).returns).toBe("serving");
    expect((await ensureTopology(broker, bounded, { fresh: true })).drifted).toEqual([]);
    const model = await rawConnection(broker);
    const taken = await offerMany(model, "resize", numbers(0, 12));
    // It counts a little late.
    expect(taken.length).toBeGreaterThanOrEqual(5);
    expect(taken.length).toBeLessThan(8);
    expect(taken).toEqual(numbers(0, taken.length));
    expect(await offer(model, name, laneRoutingKey("fast", "resize"), 100)).toBe(true);
    expect(await contents(broker, name)).toEqual(taken);
    expect(await contents(broker, fast)).toEqual([100]);
    await expect.poll(() => offer(model, name, "resize", 200)).toBe(true);
  });

  it("count bytes as well", async () => {
    const broker = await freshBroker(server, "limits-bytes");
    await ensureTopology(broker, { ...jobQueue, limits: { maxLengthBytes: 2_000 } });
    const model = await rawConnection(broker);
    let taken = 0;
    while (taken < 50 && (await offer(model, name, "resize", "x".repeat(500)))) taken += 1;
    expect(taken).toBeGreaterThanOrEqual(3);
    expect(taken).toBeLessThan(8);
  });

  it("never refuse what comes back: it has a queue of its own, and keeps its lane's name", async () => {
    const broker = await freshBroker(server, "limits-back");
    await ensureTopology(broker, bounded);
    const model = await rawConnection(broker);
    await offerMany(model, "resize", numbers(0, 12));
    await offerMany(model, laneRoutingKey("fast", "resize"), numbers(0, 12));
    for (const body of numbers(100, 20)) {
      await publish(model, delayEntryExchange, delayRoutingKey(0, body % 2 === 0 ? name : fast), body);
    }
    await expect.poll(() => ready(broker, returns)).toBe(20);
    expect(await ready(broker, delayParked)).toBe(0);
    const channel = await rawChannel(broker);
    const keys = new Set<string>();
    for (let message = await channel.get(returns); message !== false; message = await channel.get(returns)) {
      keys.add(message.fields.routingKey);
    }
    expect([...keys].toSorted()).toEqual([delayRoutingKey(0, name), delayRoutingKey(0, fast)].toSorted());
  });

  it("come to a live queue, change there and go again, and nothing that comes back is lost, doubled or held up", async () => {
    const broker = await freshBroker(server, "limits-live");
    await ensureTopology(broker, { ...jobQueue, lanes: ["fast"] });
    const model = await rawConnection(broker);
    // More than will be allowed.
    await offerMany(model, "resize", numbers(10_000, 20));
    const sent: number[] = [];
    let stopping = false;
    const publishing = (async () => {
      for (let body = 0; !stopping; body += 1) {
        await publish(
          model,
          delayEntryExchange,
          delayRoutingKey(body % 3 === 0 ? 1_000 : 0, body % 2 ? name : fast),
          body,
        );
        sent.push(body);
      }
    })();
    const change = (limits?: JobQueueOnBroker["limits"]) =>
      ensureTopology(broker, { ...jobQueue, lanes: ["fast"], ...(limits && { limits }) }, { fresh: true });
    await change({ maxLength: 5 });
    await expect.poll(() => ready(broker, returns)).toBeGreaterThan(20);
    // The policy takes a moment to be applied.
    await expect.poll(() => offer(model, name, "resize", 20_000)).toBe(false);
    await change({ maxLength: 100_000 });
    await expect.poll(() => offer(model, name, "resize", 20_000)).toBe(true);
    await change({ maxLength: 6, maxLengthBytes: 4_096 });
    await expect.poll(() => offer(model, name, "resize", 20_001)).toBe(false);
    const producer = await model.createConfirmChannel();
    const refused = await new Promise((resolve) =>
      producer.publish(name, "resize", Buffer.from("20002"), {}, (error) => resolve(error !== null)),
    );
    expect(refused).toBe(true);
    expect((await change()).returns).toBe("leaving");
    // Also to who was refused before, and has its channel still.
    await expect
      .poll(
        () =>
          new Promise((resolve) =>
            producer.publish(name, "resize", Buffer.from("20002"), {}, (error) => resolve(error === null)),
          ),
      )
      .toBe(true);
    stopping = true;
    await publishing;
    await retire(broker, returnsLane, Date.now);
    expect((await change()).returns).toBeUndefined();
    const jobs: number[] = [];
    await expect
      .poll(async () => {
        // What was parked while its target changed comes back in one of the next passes.
        await change();
        jobs.push(...(await contents(broker, name, fast)));
        return jobs.filter((body) => body < 10_000).length;
      })
      .toBe(sent.length);
    jobs.sort((a, b) => a - b);
    expect(jobs.filter((body) => body < 10_000)).toEqual(sent);
    expect(jobs.filter((body) => body >= 10_000 && body < 20_000)).toEqual(numbers(10_000, 20));
    expect(await ready(broker, delayParked)).toBe(0);
    // As if there had never been any.
    const { queues, policies } = await broker.observe({ fresh: true });
    expect([...queues.keys()].filter((one) => one.startsWith(name)).toSorted()).toEqual([name, `${name}.dead`, fast]);
    expect([...policies.keys()].filter((one) => one.startsWith(`jobwright:${name}`))).toEqual([]);
    expect((await change()).drifted).toEqual([]);
  });

  it("that go give the jobs that came back to the lane they are of", async () => {
    const broker = await freshBroker(server, "limits-go");
    await ensureTopology(broker, bounded);
    const model = await rawConnection(broker);
    for (const [body, target] of [name, fast, laneQueue(name, "gone")].entries()) {
      await publish(model, "", returns, body, { type: "resize" });
      await publish(model, "jobwright.delay.deliver", delayRoutingKey(0, target), 10 + body, { type: "resize" }).catch(
        () => {},
      );
    }
    await ensureTopology(broker, { ...jobQueue, lanes: ["fast"] }, { fresh: true });
    await retire(broker, returnsLane);
    expect(await contents(broker, fast)).toEqual([11]);
    // The third target is nobody's: it is parked.
    expect(await contents(broker, name)).toEqual([0, 1, 2, 10]);
  });

  it("do not keep a lane that goes from being emptied", async () => {
    const broker = await freshBroker(server, "limits-lane");
    await ensureTopology(broker, bounded);
    const model = await rawConnection(broker);
    const here = await offerMany(model, "resize", numbers(0, 12));
    const there = await offerMany(model, laneRoutingKey("fast", "resize"), numbers(100, 12));
    await publish(model, delayEntryExchange, delayRoutingKey(2_000, fast), 200);
    await ensureTopology(broker, { ...bounded, lanes: [] }, { fresh: true });
    await retire(broker, "fast");
    await expect.poll(() => ready(broker, returns)).toBe(there.length + 1);
    expect(await contents(broker, returns)).toEqual([...there, 200]);
    expect(await contents(broker, name)).toEqual(here);
  });

  it("that come and go lead along the delayed jobs of a lane that went before", async () => {
    const broker = await freshBroker(server, "limits-former");
    await ensureTopology(broker, { ...jobQueue, lanes: ["fast"] });
    const model = await rawConnection(broker);
    // As the fabric delivers it.
    const deliver = (body: number) => publish(model, "jobwright.delay.deliver", delayRoutingKey(0, fast), body);
    await ensureTopology(broker, jobQueue, { fresh: true });
    await retire(broker, "fast");
    await ensureTopology(broker, { ...jobQueue, limits: { maxLength: 5 } }, { fresh: true });
    await deliver(1);
    // Were it still led to the work queue, a full one would refuse it, and the fabric stand still for all.
    await expect.poll(() => ready(broker, returns)).toBe(1);
    expect(await contents(broker, returns)).toEqual([1]);
    await ensureTopology(broker, jobQueue, { fresh: true });
    await retire(broker, returnsLane);
    await deliver(2);
    await expect.poll(() => ready(broker, name)).toBe(1);
    expect(await contents(broker, name)).toEqual([2]);
    expect(await ready(broker, delayParked)).toBe(0);
  });

  it("have jobs that waited too long dead-lettered, and the letter says so", async () => {
    const broker = await freshBroker(server, "limits-ttl");
    const wanted = { ...jobQueue, lanes: ["fast"], limits: { messageTtlMs: 1_000 } };
    expect((await ensureTopology(broker, wanted)).returns).toBeUndefined();
    const model = await rawConnection(broker);
    for (const key of ["resize", laneRoutingKey("fast", "resize")]) await publish(model, name, key, key);
    const { deadLetterQueue } = queueNames(name);
    await expect.poll(() => ready(broker, deadLetterQueue)).toBe(2);
    const channel = await rawChannel(broker);
    const letter = (await channel.get(deadLetterQueue)) || undefined;
    expect(letter?.properties.headers?.["x-first-death-reason"]).toBe("expired");
    // Without it, they wait as long as need be; a policy takes a moment to be applied.
    await ensureTopology(broker, { ...wanted, limits: {} }, { fresh: true });
    await expect
      .poll(async () => (await broker.observe({ fresh: true })).policies.has(`jobwright:${name}`))
      .toBe(false);
  });

  it("do not double a burst that wakes a pool, nor what was refused of it", async () => {
    const broker = await freshBroker(server, "limits-wake");
    const wanted: JobQueueOnBroker = { ...jobQueue, limits: { maxLength: 5 } };
    await ensureTopology(broker, wanted);
    const errors: unknown[] = [];
    let wakes = 0;
    const watch = watchForWork(broker, wanted, { onWake: () => (wakes += 1), onError: (error) => errors.push(error) });
    onTestFinished(() => watch[Symbol.asyncDispose]());
    await watch.ready;
    const channel = await (await rawConnection(broker)).createConfirmChannel();
    const outcomes = await Promise.all(
      numbers(0, 60).map(
        (body) =>
          new Promise<number | undefined>((resolve) =>
            channel.publish(name, "resize", Buffer.from(String(body)), { persistent: true }, (error) =>
              resolve(error === null ? body : undefined),
            ),
          ),
      ),
    );
    const taken = outcomes.filter((body) => body !== undefined);
    await expect
      .poll(async () => {
        const { queues } = await broker.observe({ fresh: true });
        return [...queues.keys()].filter((one) => one.startsWith("jobwright.wake."));
      })
      .toEqual([]);
    expect(wakes).toBe(1);
    expect(errors).toEqual([]);
    expect(await contents(broker, returns)).toEqual([]);
    expect(await contents(broker, name)).toEqual(taken);
  });

  it("wake a pool for what came back, and its only copies go where they are not refused", async () => {
    const broker = await freshBroker(server, "limits-copies");
    await ensureTopology(broker, bounded);
    const model = await rawConnection(broker);
    await publish(model, delayEntryExchange, delayRoutingKey(0, fast), 1);
    await expect.poll(() => ready(broker, returns)).toBe(1);
    const wakes: string[] = [];
    const listener = { onWake: (why: string) => wakes.push(why), onError: () => {} };
    const watch = watchForWork(broker, bounded, listener);
    onTestFinished(() => watch[Symbol.asyncDispose]());
    await expect.poll(() => wakes).toEqual(["Backlog"]);
    expect(await contents(broker, returns)).toEqual([1]);
    // Its copy is the only one, since the lane is bound no more.
    const again = watchForWork(broker, bounded, listener);
    onTestFinished(() => again[Symbol.asyncDispose]());
    await again.ready;
    await (await rawChannel(broker)).unbindQueue(fast, name, laneRoutingKey("fast", "*"));
    await publish(model, name, laneRoutingKey("fast", "resize"), 2);
    await expect.poll(() => ready(broker, returns)).toBe(1);
    const channel = await rawChannel(broker);
    const message = await channel.get(returns);
    expect(message && [message.fields.routingKey, message.properties.type]).toEqual([
      delayRoutingKey(0, fast),
      "resize",
    ]);
  });

  it("are counted, waited for and deleted with what came back", async () => {
    const broker = await freshBroker(server, "limits-deleted");
    await ensureTopology(broker, bounded);
    const model = await rawConnection(broker);
    await publish(model, delayEntryExchange, delayRoutingKey(0, fast), 1);
    await publish(model, delayEntryExchange, delayRoutingKey(3_600_000, name), 2);
    await expect.poll(() => ready(broker, returns)).toBe(1);
    await expect.poll(() => observeQuiet(broker, name)).toMatchObject({ ready: 1, delayed: 1 });
    expect(await isProvenEmpty(broker, name)).toBe(false);
    await closeIntake(broker, name);
    expect(await publish(model, name, "resize", 3)).toBe("returned");
    await deleteTopology(broker, name);
    const { queues, policies } = await broker.observe({ fresh: true });
    expect([...queues.keys()].filter((one) => one.startsWith(name))).toEqual([]);
    expect([...policies.keys()].filter((one) => one.startsWith(`jobwright:${name}`))).toEqual([]);
  });

  it("bring the queue for what comes back again when somebody deletes it, and lose nothing that came meanwhile", async () => {
    const broker = await freshBroker(server, "limits-drift");
    await ensureTopology(broker, bounded);
    const model = await rawConnection(broker);
    await broker.management.remove(`queues/${encodeURIComponent(broker.address.vhost)}/${encodeURIComponent(returns)}`);
    await publish(model, delayEntryExchange, delayRoutingKey(0, fast), 1);
    await expect.poll(() => ready(broker, delayParked)).toBe(1);
    const { drifted, reinjected } = await ensureTopology(broker, bounded, { fresh: true });
    expect(drifted.join()).toContain(`queue "${returns}" was missing`);
    expect(reinjected).toBe(1);
    expect(await contents(broker, returns)).toEqual([1]);
  });
});
