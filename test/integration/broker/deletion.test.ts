import { delayEntryExchange, delayRoutingKey } from "@jobwright/worker-runtime/contract";
import { describe, expect, it } from "vitest";
import { closeIntake, deleteTopology, ensureTopology, observeQuiet } from "../../../operator/src/broker/index.ts";
import { freshBroker, jobQueue, publish, rawChannel, rawConnection, servers, takeAll } from "./fixture.ts";

describe.each(servers)("taking a JobQueue off RabbitMQ $version", (server) => {
  it("deletes all that is its own and nothing else, and once more without an error", async () => {
    const broker = await freshBroker(server, "delete");
    const other = { ...jobQueue, name: "media.other" };
    await ensureTopology(broker, other);
    const names = async () => {
      const { queues, exchanges, policies, bindings } = await broker.observe({ fresh: true });
      return [...queues.keys(), ...exchanges.keys(), ...policies.keys(), ...bindings].sort();
    };
    const before = await names();
    await ensureTopology(broker, jobQueue);
    await publish(await rawConnection(broker), jobQueue.name, "resize", "goes too");
    expect(await names()).not.toEqual(before);
    await deleteTopology(broker, jobQueue.name);
    expect(await names()).toEqual(before);
    await deleteTopology(broker, jobQueue.name);
    expect(await names()).toEqual(before);
  });

  it("deletes the policies that JobQueues shared with the last of them, also when they go at once", async () => {
    const broker = await freshBroker(server, "delete-shared");
    const wanted = ["media.a", "media.b", "mail.c"].map((name) => ({ ...jobQueue, name, deliveryLimit: 3 }));
    for (const one of wanted) await ensureTopology(broker, one, { fresh: true });
    const policies = async () => {
      const named = [...(await broker.observe({ fresh: true })).policies.keys()];
      return named.filter((name) => /media|mail/.test(name)).sort();
    };
    const ofMail = ["jobwright-defaults:mail", "jobwright-defaults:mail/dead", "jobwright:mail.c"];
    expect(await policies()).toEqual([
      ...["jobwright-defaults:mail", "jobwright-defaults:mail/dead"],
      ...["jobwright-defaults:media", "jobwright-defaults:media/dead"],
      ...["jobwright:mail.c", "jobwright:media.a", "jobwright:media.b"],
    ]);
    await Promise.all(["media.a", "media.b"].map((name) => deleteTopology(broker, name)));
    expect(await policies()).toEqual(ofMail);
    await deleteTopology(broker, "mail.c");
    expect(await policies()).toEqual([]);
  });

  it("closes the intake: producers are told, and what was delayed still comes", async () => {
    const broker = await freshBroker(server, "intake");
    await ensureTopology(broker, jobQueue);
    const connection = await rawConnection(broker);
    await publish(connection, delayEntryExchange, delayRoutingKey(1000, jobQueue.name), "delayed");
    await closeIntake(broker, jobQueue.name);
    await closeIntake(broker, jobQueue.name);
    expect(await publish(connection, jobQueue.name, "resize", "too late")).toBe("returned");
    await expect.poll(async () => (await observeQuiet(broker, jobQueue.name)).ready).toBe(1);
    expect(await takeAll(await rawChannel(broker), jobQueue.name)).toEqual(["delayed"]);
  });

  it("counts what is waiting, in hand and delayed, and only this queue's", async () => {
    const broker = await freshBroker(server, "count");
    const connection = await rawConnection(broker);
    await ensureTopology(broker, jobQueue);
    await ensureTopology(broker, { ...jobQueue, name: "media.other" });
    const none = { ready: 0, unacked: 0, delayed: 0 };
    expect(await observeQuiet(broker, jobQueue.name)).toEqual(none);
    for (const id of [1, 2, 3]) await publish(connection, jobQueue.name, "resize", id);
    // Of different lengths, so they wait on different levels.
    for (const seconds of [100, 1000, 100_000]) {
      await publish(connection, delayEntryExchange, delayRoutingKey(seconds * 1000, jobQueue.name), seconds);
      await publish(connection, delayEntryExchange, delayRoutingKey(seconds * 1000, "media.other"), seconds);
    }
    const channel = await rawChannel(broker);
    await channel.get(jobQueue.name);
    await expect.poll(() => observeQuiet(broker, jobQueue.name)).toEqual({ ready: 2, unacked: 1, delayed: 3 });
    // Looking does not use them up.
    for (let round = 0; round < 30; round += 1) await observeQuiet(broker, jobQueue.name);
    for (const name of [jobQueue.name, "media.other"]) {
      await expect.poll(async () => (await observeQuiet(broker, name)).delayed).toBe(3);
    }
  });

  it("counts a level too full to look through as this queue's own: never too few", async () => {
    const broker = await freshBroker(server, "full");
    await ensureTopology(broker, jobQueue);
    const sender = await (await rawConnection(broker)).createConfirmChannel();
    for (let sent = 0; sent < 600; sent += 1) {
      sender.publish(delayEntryExchange, delayRoutingKey(1_000_000, "media.other"), Buffer.from("1"), {
        persistent: true,
      });
    }
    await sender.waitForConfirms();
    await expect.poll(async () => (await observeQuiet(broker, jobQueue.name)).delayed).toBe(600);
  });
});
