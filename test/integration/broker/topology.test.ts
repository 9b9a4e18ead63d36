import { delayBindingKey, queueNames } from "@jobwright/worker-runtime/contract";
import { describe, expect, it } from "vitest";
import { type Broker, ensureTopology, KindMismatch } from "../../../operator/src/broker/index.ts";
import { freshBroker, jobQueue, publish, rawChannel, rawConnection, servers, takeAll } from "./fixture.ts";

/** The same broker, but it counts what is asked of the management API. */
function counting(broker: Broker): { broker: Broker; calls: { reads: number; writes: number } } {
  const calls = { reads: 0, writes: 0 };
  const { management } = broker;
  const read =
    <A extends unknown[], R>(call: (...args: A) => R) =>
    (...args: A) => {
      calls.reads += 1;
      return call(...args);
    };
  const write =
    <A extends unknown[], R>(call: (...args: A) => R) =>
    (...args: A) => {
      calls.writes += 1;
      return call(...args);
    };
  const counted = {
    ...management,
    find: read(management.find),
    get: read(management.get),
    put: write(management.put),
    post: write(management.post),
    remove: write(management.remove),
  };
  return { broker: { ...broker, management: counted }, calls };
}

const at = (broker: Broker) => encodeURIComponent(broker.address.vhost);

describe.each(servers)("ensureTopology on RabbitMQ $version", (server) => {
  it("makes a queue that jobs go through, and a second pass changes nothing", async () => {
    const broker = await freshBroker(server, "ensure");
    expect(await ensureTopology(broker, jobQueue)).toMatchObject({ created: true, drifted: [], reinjected: 0 });

    const connection = await rawConnection(broker);
    expect(await publish(connection, jobQueue.name, "resize", { id: 1 })).toBe("routed");
    expect(await takeAll(await rawChannel(broker), jobQueue.name)).toEqual([{ id: 1 }]);

    const second = counting(broker);
    const again = await ensureTopology(second.broker, jobQueue, { fresh: true });
    expect(again).toMatchObject({ created: false, drifted: [], reinjected: 0 });
    expect(second.calls.writes).toBe(0);
  });

  it("makes several JobQueues at once in a new vhost", async () => {
    const broker = await freshBroker(server, "at-once");
    const wanted = ["media.a", "media.b", "mail.c", "mail.d"].map((name) => ({ ...jobQueue, name }));
    const made = await Promise.all(wanted.map((one) => ensureTopology(broker, one)));
    expect(made).toMatchObject(wanted.map(() => ({ created: true, drifted: [], reinjected: 0 })));
    for (const one of wanted) {
      expect((await ensureTopology(broker, one, { fresh: true })).drifted).toEqual([]);
    }
  });

  it("looks at one listing for all JobQueues of a vhost that are resynced together", async () => {
    const broker = await freshBroker(server, "listing");
    const names = Array.from({ length: 10 }, (_, index) => `media.q${index}`);
    for (const name of names) await ensureTopology(broker, { ...jobQueue, name });
    let listings = 0;
    const watched: Broker = {
      ...broker,
      observe(options) {
        listings += options?.fresh ? 1 : 0;
        return broker.observe(options);
      },
    };
    const before = await watched.observe({ fresh: true });
    const seen = await Promise.all(
      names.map(async (name) => {
        const { drifted } = await ensureTopology(watched, { ...jobQueue, name });
        return { drifted, same: (await watched.observe()) === before };
      }),
    );
    expect(seen).toEqual(names.map(() => ({ drifted: [], same: true })));
    expect(listings).toBe(1);
  });

  it.each([
    ["the exchange", "exchanges/VHOST/media.image-resize", /exchange "media.image-resize" was missing/],
    ["the work queue", "queues/VHOST/media.image-resize", /queue "media.image-resize" was missing/],
    ["the dead-letter exchange", "exchanges/VHOST/media.image-resize.dlx", /"media.image-resize.dlx" was missing/],
    ["the dead-letter queue", "queues/VHOST/media.image-resize.dead", /"media.image-resize.dead" was missing/],
    ["a shared policy", "policies/VHOST/jobwright-defaults%3Amedia", /policy "jobwright-defaults:media" was missing/],
    ["a delay level", "queues/VHOST/jobwright.delay.5", /queue "jobwright.delay.5" was missing/],
    ["a delay level's exchange", "exchanges/VHOST/jobwright.delay.5", /exchange "jobwright.delay.5" was missing/],
    ["the parking queue", "queues/VHOST/jobwright.delay.parked", /queue "jobwright.delay.parked" was missing/],
    ["the heartbeats' exchange", "exchanges/VHOST/jobwright.heartbeats", /"jobwright.heartbeats" was missing/],
  ])("mends it when somebody deletes %s, and says so", async (_what, path, words) => {
    const broker = await freshBroker(server, "drift");
    await ensureTopology(broker, jobQueue);
    await broker.management.remove(path.replace("VHOST", at(broker)));
    const { created, drifted } = await ensureTopology(broker, jobQueue, { fresh: true });
    expect(created).toBe(false);
    expect(drifted.join("\n")).toMatch(words);
    expect((await ensureTopology(broker, jobQueue, { fresh: true })).drifted).toEqual([]);
  });

  it("mends bindings and a changed policy", async () => {
    const broker = await freshBroker(server, "unbound");
    await ensureTopology(broker, jobQueue);
    const channel = await rawChannel(broker);
    await channel.unbindQueue(jobQueue.name, jobQueue.name, "#");
    await channel.unbindQueue(jobQueue.name, "jobwright.delay.deliver", delayBindingKey(jobQueue.name));
    await broker.management.put(`policies/${at(broker)}/jobwright-defaults%3Amedia`, {
      pattern: ".*",
      "apply-to": "queues",
      priority: 90,
      definition: { "delivery-limit": 1 },
    });
    const { drifted } = await ensureTopology(broker, jobQueue, { fresh: true });
    expect(drifted).toHaveLength(3);
    expect(drifted[0]).toContain('pattern ".*" instead of "^media');
    expect(drifted[0]).toContain("delivery-limit 1 instead of 20");
    expect((await ensureTopology(broker, jobQueue, { fresh: true })).drifted).toEqual([]);
  });

  it("puts what is shared right once for all JobQueues that look at one listing, and tells one of them", async () => {
    const broker = await freshBroker(server, "shared");
    const wanted = ["media.a", "media.b", "media.c"].map((name) => ({ ...jobQueue, name }));
    for (const one of wanted) await ensureTopology(broker, one, { fresh: true });
    await broker.management.remove(`policies/${at(broker)}/jobwright-defaults%3Amedia`);
    await broker.management.remove(`queues/${at(broker)}/jobwright.delay.5`);
    const { broker: counted, calls } = counting(broker);
    await broker.observe({ fresh: true });
    const passes = await Promise.all(wanted.map((one) => ensureTopology(counted, one)));
    expect(passes.filter(({ drifted }) => drifted.length > 0)).toHaveLength(1);
    // The queue, its bindings in and out, and the policy.
    expect(calls.writes).toBeLessThan(6);
    for (const one of wanted) expect((await ensureTopology(broker, one, { fresh: true })).drifted).toEqual([]);
  });

  it("lets shared policies apply to its queues and lanes, and to nobody else's of such names", async () => {
    const broker = await freshBroker(server, "territory");
    const channel = await rawChannel(broker);
    await channel.assertQueue("media.theirs", { arguments: { "x-queue-type": "quorum" } });
    await channel.assertQueue("media.theirs.dead", { arguments: { "x-queue-type": "quorum" } });
    await ensureTopology(broker, { ...jobQueue, lanes: ["fast"] });
    const applied = async () => {
      const { queues } = await broker.observe({ fresh: true });
      const named = [...queues.values()].filter(({ name }) => name.startsWith("media."));
      return Object.fromEntries(named.map(({ name, policy }) => [name, policy || "none"]));
    };
    await expect.poll(applied).toEqual({
      "media.image-resize": "jobwright-defaults:media",
      "media.image-resize.fast": "jobwright-defaults:media",
      "media.image-resize.dead": "jobwright-defaults:media/dead",
      "media.theirs": "none",
      "media.theirs.dead": "none",
    });
    await channel.assertQueue("media.later", { arguments: { "x-queue-type": "quorum" } });
    const { drifted } = await ensureTopology(broker, { ...jobQueue, lanes: ["fast"] }, { fresh: true });
    expect(drifted).toEqual([]);
    await expect.poll(async () => (await applied())["media.later"]).toBe("none");
    expect((await applied())["media.image-resize"]).toBe("jobwright-defaults:media");
  });

  it("refuses a queue of its name and another kind, and leaves it as it is", async () => {
    const broker = await freshBroker(server, "kind");
    const channel = await rawChannel(broker);
    await channel.assertQueue(jobQueue.name, { durable: true });
    await publish(await rawConnection(broker), "", jobQueue.name, "theirs");
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow(KindMismatch);
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow(
      'queue "media.image-resize" exists as classic, expected quorum: empty it and delete it, or choose another name',
    );
    expect(await takeAll(channel, jobQueue.name)).toEqual(["theirs"]);
  });

  it("changes a live queue by an edit, without making it anew", async () => {
    const broker = await freshBroker(server, "edit");
    await ensureTopology(broker, jobQueue);
    const connection = await rawConnection(broker);
    await publish(connection, jobQueue.name, "resize", "kept");
    const { drifted } = await ensureTopology(broker, { ...jobQueue, deliveryLimit: 2 });
    expect(drifted).toEqual(['policy "jobwright:media.image-resize" was missing']);
    const further = await ensureTopology(broker, { ...jobQueue, deliveryLimit: 1 }, { fresh: true });
    expect(further.drifted).toEqual(['policy "jobwright:media.image-resize" had delivery-limit 2 instead of 1']);

    // Handed out and given back until the limit: then it is a dead letter, though nobody declared anything anew.
    const channel = await rawChannel(broker);
    const handedOut = async () => {
      const message = await channel.get(jobQueue.name);
      if (message !== false) channel.nack(message, false, true);
      return (await channel.checkQueue(`${jobQueue.name}.dead`)).messageCount;
    };
    await expect.poll(handedOut).toBe(1);
    expect(await takeAll(channel, `${jobQueue.name}.dead`)).toEqual(["kept"]);
    expect(await takeAll(channel, jobQueue.name)).toEqual([]);

    // Back to the defaults, the shared policy takes over.
    const back = await ensureTopology(broker, jobQueue, { fresh: true });
    expect(back.drifted.join()).toMatch(/^policy "jobwright:media.image-resize" was there .* not needed/);
    const applied = async () => (await broker.observe({ fresh: true })).queues.get(jobQueue.name)?.policy;
    await expect.poll(applied).toBe("jobwright-defaults:media");
    expect((await ensureTopology(broker, jobQueue, { fresh: true })).policyOverridden).toBeUndefined();
  });

  it("puts right by what is wanted once the listing is there: what was wanted before would undo an edit", async () => {
    const broker = await freshBroker(server, "overtaken");
    let wanted = jobQueue;
    await ensureTopology(broker, wanted);
    const { promise: edited, resolve } = Promise.withResolvers<void>();
    const slow: Broker = {
      ...broker,
      async observe(options) {
        await edited;
        return broker.observe(options);
      },
    };
    const begunBefore = ensureTopology(slow, () => wanted, { fresh: true });
    wanted = { ...jobQueue, limits: { maxLength: 5 } };
    await ensureTopology(broker, wanted);
    resolve();
    await begunBefore;
    expect((await ensureTopology(broker, wanted, { fresh: true })).drifted).toEqual([]);
  });

  it("asks what is wanted once more where it waited before a queue is made anew", async ({ skip }) => {
    const broker = await freshBroker(server, "waited");
    const features = await broker.features();
    skip(!features.tellsDeletionLate, "nothing is waited for");
    await ensureTopology(broker, jobQueue);
    const { deadLetterQueue } = queueNames(jobQueue.name);
    await broker.management.remove(
      `queues/${encodeURIComponent(broker.address.vhost)}/${encodeURIComponent(deadLetterQueue)}`,
    );
    const [before, after] = [
      { ...jobQueue, deliveryLimit: 5 },
      { ...jobQueue, deliveryLimit: 7 },
    ];
    let asked = 0;
    const waiting = ensureTopology(broker, () => (asked++ === 0 ? before : after), { fresh: true });
    await expect.poll(() => asked).toBe(1);
    const hasty: Broker = { ...broker, features: async () => ({ ...features, tellsDeletionLate: false }) };
    await ensureTopology(hasty, after, { fresh: true });
    await waiting;
    expect((await ensureTopology(broker, after, { fresh: true })).drifted).toEqual([]);
  });

  it("holds on to dead-lettered jobs while the dead-letter queue is gone: at least once, not at most once", async () => {
    const broker = await freshBroker(server, "dlx");
    await ensureTopology(broker, jobQueue);
    await publish(await rawConnection(broker), jobQueue.name, "resize", "never lost");
    await broker.management.remove(`queues/${at(broker)}/${jobQueue.name}.dead`);
    const channel = await rawChannel(broker);
    const message = await channel.get(jobQueue.name);
    if (message !== false) channel.reject(message, false);
    const held = async () => {
      const queue = await broker.management.get(`queues/${at(broker)}/${jobQueue.name}`);
      return typeof queue === "object" && queue !== null && "messages_dlx" in queue ? queue.messages_dlx : undefined;
    };
    // The broker's statistics say so some seconds later.
    await expect.poll(held).toBe(1);
  });

  it("names another policy that the broker applies instead of ours", async () => {
    const broker = await freshBroker(server, "override");
    await ensureTopology(broker, jobQueue);
    await broker.management.put(`policies/${at(broker)}/everything`, {
      pattern: ".*",
      "apply-to": "all",
      priority: 1000,
      definition: { "max-length": 10 },
    });
    const overridden = async () => (await ensureTopology(broker, jobQueue, { fresh: true })).policyOverridden;
    await expect.poll(overridden).toBe("everything");
    await broker.management.remove(`policies/${at(broker)}/everything`);
    await expect.poll(overridden).toBeUndefined();
  });
});
