import { delayEntryExchange, delayParked, delayRoutingKey, maxDelaySeconds } from "@jobwright/worker-runtime/contract";
import { describe, expect, it } from "vitest";
import { deleteTopology, ensureTopology, readDepth, readDepths } from "../../../operator/src/broker/index.ts";
import { freshBroker, jobQueue, publish, rawChannel, rawConnection, servers, takeAll } from "./fixture.ts";

describe.each(servers)("the delay fabric on RabbitMQ $version", (server) => {
  it("delivers each job once and none early", async () => {
    const broker = await freshBroker(server, "delay");
    await ensureTopology(broker, jobQueue);
    const arrivals: { delayMs: number; heldMs: number }[] = [];
    const channel = await rawChannel(broker);
    await channel.consume(
      jobQueue.name,
      (message) => {
        if (message === null) return;
        const { delayMs, at } = JSON.parse(message.content.toString("utf8"));
        arrivals.push({ delayMs, heldMs: Date.now() - at });
      },
      { noAck: true },
    );
    const sender = await (await rawConnection(broker)).createConfirmChannel();
    const delays = Array.from({ length: 200 }, (_, index) => [0, 400, 1000, 2000, 3000][index % 5] ?? 0);
    for (const delayMs of delays) {
      const body = Buffer.from(JSON.stringify({ delayMs, at: Date.now() }));
      sender.publish(delayEntryExchange, delayRoutingKey(delayMs, jobQueue.name), body, {
        mandatory: true,
        persistent: true,
      });
    }
    await sender.waitForConfirms();
    await expect.poll(() => arrivals.length).toBe(delays.length);
    for (const { delayMs, heldMs } of arrivals) {
      const whole = Math.ceil(delayMs / 1000) * 1000;
      expect(heldMs).toBeGreaterThanOrEqual(whole - 5);
      // How late is measured elsewhere; this only tells a late job from a lost one.
      expect(heldMs).toBeLessThan(whole + 20_000);
    }
    expect((await readDepth(broker.connection, jobQueue.name))?.ready).toBe(0);
  });

  it("does not deliver to a queue whose name only begins or ends alike", async () => {
    const broker = await freshBroker(server, "alike");
    await ensureTopology(broker, jobQueue);
    await ensureTopology(broker, { ...jobQueue, name: "media.image" });
    const connection = await rawConnection(broker);
    await publish(connection, delayEntryExchange, delayRoutingKey(0, jobQueue.name), "mine");
    const depths = () => readDepths(broker.connection, [jobQueue.name, "media.image", delayParked]);
    await expect.poll(async () => [...(await depths()).values()].map((depth) => depth?.ready)).toEqual([1, 0, 0]);
  });

  it("holds the longest delay there is on its top level", async () => {
    const broker = await freshBroker(server, "years");
    await ensureTopology(broker, jobQueue);
    const connection = await rawConnection(broker);
    await publish(connection, delayEntryExchange, delayRoutingKey(maxDelaySeconds * 1000, jobQueue.name), "in 2035");
    await publish(connection, delayEntryExchange, delayRoutingKey(1000, jobQueue.name), "soon");
    const ready = async (queue: string) => (await readDepth(broker.connection, queue))?.ready;
    await expect.poll(() => ready(jobQueue.name)).toBe(1);
    await expect.poll(() => ready("jobwright.delay.27")).toBe(1);
  });

  it("parks jobs whose queue is gone, lets others pass, and delivers them when it is back", async () => {
    const broker = await freshBroker(server, "parked");
    const other = { ...jobQueue, name: "media.other" };
    await ensureTopology(broker, jobQueue);
    await ensureTopology(broker, other);
    await deleteTopology(broker, jobQueue.name);
    const connection = await rawConnection(broker);
    const orphans = Array.from({ length: 40 }, (_, index) => index);
    for (const index of orphans) {
      await publish(connection, delayEntryExchange, delayRoutingKey(1000, jobQueue.name), index, {
        messageId: `${index}`,
      });
    }
    await publish(connection, delayEntryExchange, delayRoutingKey(1000, "media.never"), "no such queue");
    await publish(connection, delayEntryExchange, delayRoutingKey(1000, other.name), "passes");
    const ready = async (queue: string) => (await readDepth(broker.connection, queue))?.ready;
    await expect.poll(() => ready(other.name)).toBe(1);
    await expect.poll(() => ready(delayParked)).toBe(41);

    expect((await ensureTopology(broker, jobQueue, { fresh: true })).reinjected).toBe(40);
    expect(await takeAll(await rawChannel(broker), jobQueue.name)).toEqual(orphans);
    await expect.poll(() => ready(delayParked)).toBe(1);
  });
});
