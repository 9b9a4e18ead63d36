import { mkdtemp, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProducer, defineJob } from "@jobwright/worker-runtime";
import { repliesExchange } from "@jobwright/worker-runtime/contract";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { jobQueues } from "../../../operator/src/api/objects.ts";
import { secrets } from "../../../operator/src/kinds.ts";
import { brokerVersions } from "../../broker/index.ts";
import { connectAs, type Party, takeIn } from "./amqp.ts";
import { condition, eventually, type Scene, setScene } from "./scene.ts";

const send = defineJob({ name: "send", input: z.object({ n: z.int() }), run() {} });

async function ready(scene: Scene, name = "mail"): Promise<void> {
  await eventually(async () => {
    const queue = await scene.queue(name);
    expect(condition(queue, "Ready")).toMatch("Ready=True");
    expect(queue?.status?.observedGeneration).toBe(queue?.metadata.generation);
  });
}

/** Hears replies to this key in a queue of this name, or rejects with the broker's words. */
const hear = (party: Party, queue: string, key: string) =>
  party.onChannel(async (channel) => {
    await channel.assertQueue(queue, { durable: false, exclusive: true });
    await channel.bindQueue(queue, repliesExchange, key);
  });

async function ask(scene: Scene, value: string, name = "mail"): Promise<void> {
  const annotations = { "jobwright.dev/rotate-credentials": value };
  await scene.client.patch(jobQueues, name, scene.namespace, { metadata: { annotations } });
}

async function users(scene: Scene): Promise<string[]> {
  const { producers = [] } = (await scene.queue("mail"))?.status ?? {};
  return producers.flatMap(({ user, retiring = [] }) => [user, ...retiring.map((one) => one.user)]);
}

/** Resolves with the broker's words when it has closed the party's connection. */
const closed = (party: Party) =>
  new Promise<string>((resolve) => party.model.once("close", (error) => resolve(error?.message ?? "")));

describe.concurrent.each(brokerVersions)("on RabbitMQ %s", { timeout: 300_000 }, (version) => {
  test("named producers have a user and a Secret each, and cannot hear each other's replies", async (context) => {
    const scene = await setScene(context, { version });
    await scene.applyQueue("mail", {
      access: { producers: [{ name: "shop" }, { name: "crm", secretName: "crm-jobs" }] },
    });
    await ready(scene);
    const queue = `${scene.namespace}.mail`;
    const { status } = (await scene.queue("mail")) ?? {};
    expect(status?.binding).toEqual({ name: "mail-producer" });
    expect(status?.producers).toMatchObject([
      { name: "default", secretName: "mail-producer", user: `${queue}.producer` },
      { name: "shop", secretName: "mail-producer-shop", user: `${queue}.producer.shop` },
      { name: "crm", secretName: "crm-jobs", user: `${queue}.producer.crm` },
    ]);
    const moved = { producers: [{ name: "shop", secretName: "shop-jobs" }, { name: "crm" }] };
    await expect(scene.applyQueue("mail", { access: moved })).rejects.toThrow(/secretName cannot be changed/);
    const shop = await connectAs(context, scene, "mail-producer-shop");
    const crm = await connectAs(context, scene, "crm-jobs");
    const anyone = await connectAs(context, scene, "mail-producer");
    for (const party of [shop, crm, anyone]) expect(await party.publish(queue, "send", {})).toBe("routed");
    await hear(shop, `jobwright.replies.${queue}.@shop.1`, `${queue}.@shop.1`);
    await hear(anyone, `jobwright.replies.${queue}.1`, `${queue}.1`);
    for (const party of [crm, anyone]) {
      const other = await connectAs(context, scene, party === crm ? "crm-jobs" : "mail-producer");
      const own = party === crm ? `${queue}.@crm` : queue;
      await expect(hear(other, `jobwright.replies.${own}.2`, `${queue}.@shop.1`)).rejects.toThrow(/ACCESS_REFUSED/);
      await expect(hear(party, `jobwright.replies.${queue}.@shop.2`, `${own}.1`)).rejects.toThrow(/ACCESS_REFUSED/);
    }
    await expect(hear(shop, `jobwright.replies.${queue}.@shop.3`, `${queue}.1`)).rejects.toThrow(/ACCESS_REFUSED/);
  });

  test("a producer that is removed loses its user, its connections and its Secret; the others keep theirs", async (context) => {
    const scene = await setScene(context, { version });
    await scene.applyQueue("mail", { access: { producers: [{ name: "shop" }, { name: "crm" }] } });
    await ready(scene);
    const shop = closed(await connectAs(context, scene, "mail-producer-shop"));
    const kept = await scene.secret("mail-producer-crm");
    await scene.applyQueue("mail", { access: { producers: [{ name: "crm" }] } });
    expect(await shop).toMatch(/is deleted/);
    await eventually(async () => {
      expect(await scene.secret("mail-producer-shop")).toBeUndefined();
      expect(await users(scene)).toEqual([`${scene.namespace}.mail.producer`, `${scene.namespace}.mail.producer.crm`]);
    });
    expect(await scene.broker.user(`${scene.namespace}.mail.producer.shop`)).toBeUndefined();
    expect(await scene.secret("mail-producer-crm")).toEqual(kept);
  });

  test("a producer in the place of another takes over its Secret, which is not deleted after that", async (context) => {
    const scene = await setScene(context, { version });
    const secretName = "jobs";
    await scene.applyQueue("mail", { access: { producers: [{ name: "shop", secretName }] } });
    await ready(scene);
    const uid = async () => (await scene.client.get(secrets, secretName, scene.namespace))?.metadata.uid;
    const before = await uid();
    await scene.applyQueue("mail", { access: { producers: [{ name: "crm", secretName }] } });
    await eventually(async () => expect(await users(scene)).not.toContain(`${scene.namespace}.mail.producer.shop`));
    await ready(scene);
    expect(await uid()).toBe(before);
    const crm = await connectAs(context, scene, secretName);
    expect(await crm.publish(`${scene.namespace}.mail`, "send", {})).toBe("routed");
  });

  test("on request each gets a new user, and the one before stays good for the overlap", async (context) => {
    let ahead = 0;
    const scene = await setScene(context, { version, now: () => Date.now() + ahead });
    await scene.applyQueue("mail", { access: { producers: [{ name: "shop" }], rotation: { overlap: "2h" } } });
    await ready(scene);
    const first = `${scene.namespace}.mail.producer`;
    const old = await connectAs(context, scene, "mail-producer");
    const ended = closed(old);
    const before = (await scene.secret("mail-producer")) ?? {};
    await ask(scene, "after the leak");
    await eventually(async () => {
      expect((await scene.secret("mail-producer"))?.username).toBe(`${first}_2`);
      expect((await scene.secret("mail-producer-shop"))?.username).toBe(`${first}.shop_2`);
      expect((await scene.queue("mail"))?.status).toMatchObject({
        rotationRequest: "after the leak",
        producers: [{ user: `${first}_2`, retiring: [{ user: first }] }, { user: `${first}.shop_2` }],
      });
    });
    expect((await scene.secret("mail-producer"))?.password).not.toBe(before.password);
    await eventually(async () => {
      const [event] = await scene.events("JobQueue", "mail", "CredentialsRotated");
      expect(event?.message).toMatch(/default, shop; those before stay good for 2h/);
    });
    // What is changed meanwhile holds for both.
    await scene.applyQueue("mail", {
      ...{ access: { producers: [{ name: "shop" }], rotation: { overlap: "2h" } } },
      lanes: [{ name: "fast" }],
    });
    await ready(scene);
    const delayed = (party: Party) =>
      party.publish("jobwright.delay.27", `${"0.".repeat(28)}${scene.namespace}.mail.fast`, { n: 1 });
    for (const party of [old, await connectAs(context, scene, "mail-producer")]) {
      expect(await party.publish(`${scene.namespace}.mail`, "send", {})).toBe("routed");
      expect(await delayed(party)).toBe("routed");
    }
    ahead = 2.1 * 3_600_000;
    expect(await ended).toMatch(/is deleted/);
    await eventually(async () => expect(await users(scene)).toEqual([`${first}_2`, `${first}.shop_2`]));
    expect(await scene.broker.user(first)).toBeUndefined();
    const status = JSON.stringify((await scene.queue("mail"))?.status);
    for (const name of ["mail-producer", "mail-producer-shop"]) {
      expect(status).not.toContain((await scene.secret(name))?.password);
    }
  });
});

describe.concurrent("producers' credentials", { timeout: 300_000 }, () => {
  test("are replaced on schedule, once each time", async (context) => {
    let ahead = 0;
    const scene = await setScene(context, { now: () => Date.now() + ahead });
    await scene.applyQueue("mail", { access: { rotation: { interval: "24h" } } });
    await ready(scene);
    const first = `${scene.namespace}.mail.producer`;
    for (const [hours, expected] of [
      [23.9, [first]],
      [24.1, [`${first}_2`, first]],
      [25.2, [`${first}_2`]],
      [48.3, [`${first}_3`, `${first}_2`]],
    ] as const) {
      ahead = hours * 3_600_000;
      const passes = await scene.passes("jobqueue");
      // Looked at now rather than some seconds later.
      await scene.client.patch(jobQueues, "mail", scene.namespace, { metadata: { labels: { look: `${hours}` } } });
      await eventually(async () => {
        expect(await scene.passes("jobqueue")).toBeGreaterThan(passes);
        expect(await users(scene)).toEqual(expected);
      });
    }
  });

  test("are all taken back when the JobQueue goes, by an operator that was not there when they were made", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail", { access: { producers: [{ name: "shop" }] }, deletionPolicy: "Delete" });
    await ready(scene);
    await ask(scene, "1");
    await eventually(async () => expect(await users(scene)).toHaveLength(4));
    const all = await users(scene);
    await scene.restartOperator();
    await scene.client.delete(jobQueues, "mail", scene.namespace);
    await eventually(async () => expect(await scene.queue("mail")).toBeUndefined());
    for (const user of all) expect(await scene.broker.user(user)).toBeUndefined();
  });

  test("need a Secret that nobody else has; the others do not wait for it", async (context) => {
    const scene = await setScene(context);
    await scene.client.create(secrets, {
      ...{ metadata: { name: "taken", namespace: scene.namespace } },
      ...({ stringData: { mine: "yes" } } as object),
    });
    await scene.applyQueue("mail", { access: { producers: [{ name: "shop", secretName: "taken" }, { name: "crm" }] } });
    await eventually(async () => {
      expect(condition(await scene.queue("mail"), "Stalled")).toMatch(
        /SecretTaken: Secret .*\/taken exists and is not of/,
      );
      expect(await scene.secret("mail-producer-crm")).toBeDefined();
    });
    expect(await scene.secret("taken")).toEqual({ mine: "yes" });
    expect(await scene.broker.user(`${scene.namespace}.mail.producer.shop`)).toBeUndefined();
    // Removed again, it leaves the other's Secret alone.
    await scene.applyQueue("mail", { access: { producers: [{ name: "crm" }] } });
    await ready(scene);
    expect(await scene.secret("taken")).toEqual({ mine: "yes" });
  });

  test("change under a producer that goes on: every job is enqueued, though its mount is late", async (context) => {
    let ahead = 0;
    const scene = await setScene(context, { now: () => Date.now() + ahead });
    await scene.applyQueue("mail");
    await ready(scene);
    const directory = await mkdtemp(join(tmpdir(), "jobwright-binding-"));
    async function mount(): Promise<void> {
      const facts = (await scene.secret("mail-producer")) ?? {};
      for (const [key, value] of Object.entries(facts)) {
        // Exchanged and not written over, as in a mounted Secret: no reader sees half a file.
        await writeFile(join(directory, `.${key}`), value);
        await rename(join(directory, `.${key}`), join(directory, key));
      }
    }
    await mount();
    const producer = createProducer({ bindingDirectory: directory, log: pino({ level: "silent" }) });
    context.onTestFinished(() => producer.close());
    const enqueued: Promise<string>[] = [];
    const beat = setInterval(() => enqueued.push(producer.enqueue(send, { n: enqueued.length })), 20);
    context.onTestFinished(() => clearInterval(beat));
    const first = `${scene.namespace}.mail.producer`;
    await ask(scene, "1");
    await eventually(async () => expect((await scene.secret("mail-producer"))?.username).toBe(`${first}_2`));
    ahead = 1.1 * 3_600_000;
    await eventually(async () => expect(await scene.broker.user(first)).toBeUndefined());
    // Refused with what is mounted yet, it tries again, and what is enqueued waits.
    const waiting = enqueued.length;
    await eventually(() => expect(enqueued.length).toBeGreaterThan(waiting + 20));
    await mount();
    clearInterval(beat);
    const ids = await Promise.all(enqueued);
    const there = await takeIn(context, scene, `${scene.namespace}.mail`);
    const numbers = new Set((there as { n: number }[]).map(({ n }) => n));
    expect(numbers.size).toBe(ids.length);
  });

  test("follow a password that was changed by hand in the Secret", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await ready(scene);
    await scene.client.patch(secrets, "mail-producer", scene.namespace, {
      data: { password: Buffer.from("chosen-by-hand").toString("base64") },
    });
    await eventually(async () => {
      const secret = await scene.secret("mail-producer");
      expect(secret?.uri).toContain(":chosen-by-hand@");
      expect(secret?.username).toBe(`${scene.namespace}.mail.producer`);
    });
    await connectAs(context, scene, "mail-producer");
  });
});
