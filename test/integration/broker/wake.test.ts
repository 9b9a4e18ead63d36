import type { Channel } from "amqplib";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type Broker,
  ensureTopology,
  readDepth,
  type WakeWatch,
  watchForWork,
} from "../../../operator/src/broker/index.ts";
import {
  closeConnections,
  freshBroker,
  jobQueue,
  publish,
  rawChannel,
  rawConnection,
  servers,
  takeAll,
} from "./fixture.ts";

interface Woken {
  readonly watch: WakeWatch;
  /** Why, each time. */
  readonly wakes: string[];
  readonly errors: unknown[];
}

async function watching(broker: Broker): Promise<Woken> {
  const wakes: Woken["wakes"] = [];
  const errors: unknown[] = [];
  const watch = watchForWork(broker, jobQueue, {
    onWake: (why) => wakes.push(why),
    onError: (error) => errors.push(error),
  });
  onTestFinished(() => watch[Symbol.asyncDispose]());
  await watch.ready;
  return { watch, wakes, errors };
}

const at = (broker: Broker) => encodeURIComponent(broker.address.vhost);

async function wakeQueueNames(broker: Broker): Promise<string[]> {
  const { queues } = await broker.observe({ fresh: true });
  return [...queues.keys()].filter((name) => name.startsWith("jobwright.wake."));
}

async function wakeQueues(broker: Broker): Promise<number> {
  return (await wakeQueueNames(broker)).length;
}

/** The bodies in the work queue once there are so many, and the copies are gone: whoever takes jobs before would have them taken for lost. */
async function arrived(broker: Broker, channel: Channel, count: number): Promise<unknown[]> {
  await expect.poll(() => wakeQueues(broker)).toBe(0);
  await expect.poll(async () => (await readDepth(broker.connection, jobQueue.name))?.ready).toBe(count);
  return takeAll(channel, jobQueue.name);
}

describe.each(servers)("watchForWork on RabbitMQ $version", (server) => {
  it("wakes for a publish, once, and leaves the job in the work queue and nothing else", async () => {
    const broker = await freshBroker(server, "wake");
    await ensureTopology(broker, jobQueue);
    const { wakes, errors } = await watching(broker);
    const connection = await rawConnection(broker);
    await publish(connection, jobQueue.name, "resize", "first");
    await publish(connection, jobQueue.name, "resize", "second");
    await expect.poll(() => wakes.length).toBe(1);
    expect(await arrived(broker, await rawChannel(broker), 2)).toEqual(["first", "second"]);
    // Pushed, and not found by a look: nobody looks once it watches.
    expect(wakes).toEqual(["Published"]);
    expect(errors).toEqual([]);
  });

  it("wakes at once for what was there before", async () => {
    const broker = await freshBroker(server, "backlog");
    await ensureTopology(broker, jobQueue);
    await publish(await rawConnection(broker), jobQueue.name, "resize", "early");
    const { wakes } = await watching(broker);
    await expect.poll(() => wakes).toEqual(["Backlog"]);
    expect(await arrived(broker, await rawChannel(broker), 1)).toEqual(["early"]);
  });

  it("brings back every job that was confirmed while the work queue was gone, with its name and properties", async () => {
    const broker = await freshBroker(server, "gone");
    await ensureTopology(broker, jobQueue);
    const { wakes } = await watching(broker);
    const connection = await rawConnection(broker);
    await broker.management.remove(`queues/${at(broker)}/${jobQueue.name}`);
    const outcomes = await Promise.all(
      [1, 2, 3, 4, 5].map((id) =>
        publish(connection, jobQueue.name, "resize", id, {
          messageId: `job-${id}`,
          headers: { "jobwright-attempt": 1 },
        }),
      ),
    );
    // Some may have come after the wake queue stopped listening: their producers were told.
    const confirmed = [1, 2, 3, 4, 5].filter((_, index) => outcomes[index] === "routed");
    expect(confirmed.length).toBeGreaterThan(0);
    await expect.poll(() => wakes.length).toBe(1);
    const channel = await rawChannel(broker);
    await expect.poll(() => wakeQueues(broker)).toBe(0);
    const first = await channel.get(jobQueue.name);
    if (first === false) throw new Error("no job came back");
    const { messageId, type, headers, deliveryMode } = first.properties;
    expect({ messageId, type, headers, deliveryMode }).toMatchObject({
      messageId: `job-${JSON.parse(first.content.toString("utf8"))}`,
      type: "resize",
      headers: { "jobwright-attempt": 1 },
      deliveryMode: 2,
    });
    const rest = await takeAll(channel, jobQueue.name);
    const back = new Set([JSON.parse(first.content.toString("utf8")), ...rest]);
    expect([...back].sort()).toEqual(confirmed);
  });

  it("brings back a job that was confirmed while the work queue was unbound", async () => {
    const broker = await freshBroker(server, "unbound");
    await ensureTopology(broker, jobQueue);
    const { wakes } = await watching(broker);
    const channel = await rawChannel(broker);
    await channel.unbindQueue(jobQueue.name, jobQueue.name, "#");
    expect(await publish(await rawConnection(broker), jobQueue.name, "resize", "astray")).toBe("routed");
    await expect.poll(() => wakes.length).toBe(1);
    expect(await arrived(broker, channel, 1)).toEqual(["astray"]);
  });

  it("when it is ended, first brings back a job that only it has", async () => {
    const broker = await freshBroker(server, "ended");
    await ensureTopology(broker, jobQueue);
    const { watch } = await watching(broker);
    await broker.management.remove(`queues/${at(broker)}/${jobQueue.name}`);
    expect(await publish(await rawConnection(broker), jobQueue.name, "resize", "kept")).toBe("routed");
    await watch[Symbol.asyncDispose]();
    expect(await wakeQueues(broker)).toBe(0);
    expect(await takeAll(await rawChannel(broker), jobQueue.name)).toEqual(["kept"]);
  });

  it("makes the work queue if it is missing when the watch begins", async () => {
    const broker = await freshBroker(server, "begin");
    await ensureTopology(broker, jobQueue);
    await broker.management.remove(`queues/${at(broker)}/${jobQueue.name}`);
    const { wakes } = await watching(broker);
    await publish(await rawConnection(broker), jobQueue.name, "resize", "first");
    await expect.poll(() => wakes.length).toBe(1);
    expect(await arrived(broker, await rawChannel(broker), 1)).toEqual(["first"]);
  });

  it("watches again after its connection was closed", async () => {
    const broker = await freshBroker(server, "reconnect");
    await ensureTopology(broker, jobQueue);
    const { wakes } = await watching(broker);
    const [before] = await wakeQueueNames(broker);
    // RabbitMQ lists connections late: the first look may have found another of the broker's.
    const ended = async () => {
      await closeConnections(broker);
      return !(await wakeQueueNames(broker)).includes(before ?? "");
    };
    await expect.poll(ended, { interval: 1_000 }).toBe(true);
    await expect.poll(async () => (await wakeQueueNames(broker)).length).toBe(1);
    await publish(await rawConnection(broker), jobQueue.name, "resize", "first");
    await expect.poll(() => wakes.length).toBe(1);
    expect(await arrived(broker, await rawChannel(broker), 1)).toEqual(["first"]);
  });

  it("does not wake for nothing, and can be ended", async () => {
    const broker = await freshBroker(server, "quiet");
    await ensureTopology(broker, jobQueue);
    const { watch, wakes, errors } = await watching(broker);
    expect(await wakeQueues(broker)).toBe(1);
    await watch[Symbol.asyncDispose]();
    expect(await wakeQueues(broker)).toBe(0);
    await publish(await rawConnection(broker), jobQueue.name, "resize", "later");
    expect(wakes).toEqual([]);
    expect(errors).toEqual([]);
  });
});
