// What workers and producers are told of a JobQueue, and what the broker is told.
import { describe, expect, test } from "vitest";
import { secrets } from "../../../operator/src/kinds.ts";
import { readCluster } from "../../cluster/index.ts";
import { connectAs, takeIn } from "./amqp.ts";
import { unscheduled } from "./manifests.ts";
import { condition, eventually, type Scene, setScene } from "./scene.ts";
import { mountedConfiguration, simulateWorker } from "./simulated-worker.ts";

async function ready(scene: Scene, name: string): Promise<void> {
  await eventually(async () => expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True"));
}

const definition = async (scene: Scene, policy: string) =>
  ((await scene.broker.find("policies", policy)) as { definition: Record<string, unknown> } | undefined)?.definition;

/** The keys by which the exchange of a JobQueue wakes its pool. */
async function wokenBy(scene: Scene, exchange: string): Promise<string[]> {
  const bindings = await scene.broker.find("exchanges", exchange, "bindings", "source");
  return ((bindings ?? []) as { destination: string; routing_key: string }[])
    .filter(({ destination }) => destination.startsWith("jobwright.wake."))
    .map(({ routing_key }) => routing_key);
}

const versions = readCluster().brokers.map(({ version }) => version);

const key = (byte: number) => Buffer.alloc(32, byte).toString("base64");

describe.concurrent("a JobQueue", { timeout: 300_000 }, () => {
  test.for(versions.filter((version) => version !== "3.10"))(
    "has RabbitMQ %s take jobs back after maxJobDuration, and an edit changes it on the live queue",
    async (version, context) => {
      const scene = await setScene(context, { version });
      await scene.applyQueue("mail");
      await ready(scene, "mail");
      const name = `${scene.namespace}.mail`;
      expect(await definition(scene, `jobwright-defaults:${scene.namespace}`)).toMatchObject({
        "consumer-timeout": 1_800_000,
      });
      await (await connectAs(context, scene, "mail-producer")).publish(name, "send", { n: 1 });
      await scene.applyQueue("mail", { maxJobDuration: "2h" });
      await eventually(async () => {
        const queue = (await scene.broker.find("queues", name)) as { effective_policy_definition: object };
        expect(queue.effective_policy_definition).toMatchObject({ "consumer-timeout": 7_200_000 });
      });
      expect(await takeIn(context, scene, name)).toEqual([{ n: 1 }]);
      expect((await scene.queue("mail"))?.status).not.toHaveProperty("unsupported");
    },
  );

  test.for(versions.filter((version) => version === "3.10"))(
    "says that RabbitMQ %s cannot keep maxJobDuration, and works without",
    async (version, context) => {
      const scene = await setScene(context, { version });
      await scene.applyQueue("mail", { maxJobDuration: "2h" });
      await ready(scene, "mail");
      expect(await definition(scene, `jobwright-defaults:${scene.namespace}`)).toEqual({ "delivery-limit": 20 });
      expect((await scene.queue("mail"))?.status?.unsupported).toEqual([
        expect.stringContaining("maxJobDuration (2h) has no effect: RabbitMQ 3.10"),
      ]);
    },
  );

  test("gets lanes and loses them with jobs inside, and its workers are told", async (context) => {
    const scene = await setScene(context);
    const name = `${scene.namespace}.mail`;
    const lanes = [{ name: "fast", weight: 5 }, { name: "bulk" }];
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { template: unscheduled, maxReplicas: 1 });
    await ready(scene, "mail");
    await scene.applyQueue("mail", { lanes });
    await eventually(async () => {
      expect((await mountedConfiguration(scene, "mail")).lanes).toEqual([lanes[0], { name: "bulk", weight: 1 }]);
    });
    expect((await scene.queue("mail"))?.status?.lanes).toEqual([
      { name: "fast", queue: `${name}.fast` },
      { name: "bulk", queue: `${name}.bulk` },
    ]);
    // The pool at zero listens to the lanes as well. Of what comes while it still listens as before, it cannot tell whether
    // its copy is the only one, and puts it into the queue.
    await eventually(async () => {
      expect((await wokenBy(scene, name)).toSorted()).toEqual(["lane.bulk.*", "lane.fast.*"]);
    });
    const producer = await connectAs(context, scene, "mail-producer");
    for (let n = 1; n <= 3; n += 1) await producer.publish(name, "lane.fast.send", { n });
    await producer.publish(name, "send", { n: 4 });
    // What waits in lanes is counted, and scaled for.
    await eventually(async () => expect((await scene.pool("mail"))?.status?.backlog).toBe(4));
    await eventually(async () => expect((await scene.queue("mail"))?.status?.jobs?.waiting).toBe(4));

    // A worker from before has one of the lane's jobs in hand when the lane is removed.
    const { model } = await connectAs(context, scene, "mail-worker");
    const old = await model.createChannel();
    const inHand = await old.get(`${name}.fast`);
    await scene.applyQueue("mail", { lanes: [{ name: "bulk" }] });
    await eventually(async () => {
      const [, fast] = (await scene.queue("mail"))?.status?.lanes ?? [];
      expect(fast).toMatchObject({ name: "fast", removing: expect.stringContaining("1 are in workers' hands") });
    });
    await eventually(async () => {
      expect((await mountedConfiguration(scene, "mail")).lanes).toEqual([{ name: "bulk", weight: 1 }]);
    });
    // It gives the job back: that too is moved.
    if (inHand) old.nack(inHand, false, true);
    await eventually(async () => {
      expect((await scene.queue("mail"))?.status?.lanes).toEqual([{ name: "bulk", queue: `${name}.bulk` }]);
      expect(await scene.broker.find("queues", `${name}.fast`)).toBeUndefined();
    });
    expect((await takeIn(context, scene, name)).toSorted()).toHaveLength(4);
    expect(await producer.publish(name, "lane.fast.send", { n: 5 })).toBe("routed");
    expect(await takeIn(context, scene, name)).toEqual([{ n: 5 }]);
  });

  test("shares its rate limit among the workers there are, and never gives out more than there is", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail", { rateLimit: { jobs: 600, per: "1m" } });
    await scene.applyPool("mail", { template: unscheduled, scaling: { mode: "Manual" }, replicas: 2, maxReplicas: 4 });
    await eventually(async () => expect(await scene.pods("mail")).toHaveLength(2));
    const [first, second] = (await scene.pods("mail")).map(({ metadata }) => metadata.name);
    expect((await mountedConfiguration(scene, "mail")).rateLimit).toEqual({ jobs: 600, perMs: 60_000, shares: 5 });
    const one = await simulateWorker(context, scene, "mail", first ?? "");
    expect(one.rate()).toBe(2);
    // The other one's part stays free while it starts.
    await eventually(() => expect(one.rate()).toBeCloseTo(8));
    const two = await simulateWorker(context, scene, "mail", second ?? "");
    const sums: number[] = [];
    const watching = setInterval(() => sums.push((one.rate() ?? 0) + (two.rate() ?? 0)), 20);
    context.onTestFinished(() => clearInterval(watching));
    await eventually(() => expect([one.rate(), two.rate()]).toEqual([5, 5]));
    // The limit is edited: nothing is rolled, the workers are told.
    const generation = (await scene.deployment("mail"))?.metadata.generation;
    await scene.applyQueue("mail", { rateLimit: { jobs: 4 } });
    await eventually(() => expect([one.rate(), two.rate()]).toEqual([2, 2]));
    expect((await scene.deployment("mail"))?.metadata.generation).toBe(generation);
    clearInterval(watching);
    expect(Math.max(...sums)).toBeLessThanOrEqual(10);
    // One drains: the other gets all of it.
    await scene.applyPool("mail", { template: unscheduled, scaling: { mode: "Manual" }, replicas: 1, maxReplicas: 4 });
    await eventually(() => expect([one.rate(), two.rate()].toSorted()).toEqual([0, 4]));
    await scene.applyQueue("mail", {});
    await eventually(() => expect([one.rate(), two.rate()]).toContain(null));
  });

  test("gives producers and workers its schemas, and keeps a wrong one from both", async (context) => {
    const scene = await setScene(context);
    const schema = { type: "object", required: ["to"], properties: { to: { type: "string", format: "email" } } };
    await scene.applyQueue("mail", { jobs: [{ name: "send", schema }, { name: "any" }], outcomes: "Failures" });
    await scene.applyPool("mail");
    await eventually(async () => {
      expect(JSON.parse((await scene.secret("mail-producer"))?.schemas ?? "{}")).toEqual({ send: schema });
      expect(await mountedConfiguration(scene, "mail")).toMatchObject({
        ...{ schemas: { send: schema }, outcomes: "Failures", encrypted: false, maxJobDurationMs: 1_800_000 },
      });
    });
    await scene.applyQueue("mail", { jobs: [{ name: "send", schema: { properties: { to: { type: "text" } } } }] });
    await eventually(async () => {
      const queue = await scene.queue("mail");
      expect(condition(queue, "Stalled")).toMatch(/SchemaInvalid: spec.jobs\[0\].schema .* \/properties\/to\/type/);
      expect(condition(await scene.pool("mail"), "Ready")).toMatch("Ready=False SchemaInvalid");
    });
    expect(JSON.parse((await scene.secret("mail-producer"))?.schemas ?? "{}")).toEqual({ send: schema });
    expect((await mountedConfiguration(scene, "mail")).schemas).toEqual({ send: schema });
    await scene.applyQueue("mail", {});
    await ready(scene, "mail");
    await eventually(async () => expect(await scene.secret("mail-producer")).not.toHaveProperty("schemas"));
  });

  test("that encrypts says what is wrong with its keys, and mounts them into its workers", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail", { encryption: { keySecretRef: { name: "keys" } } });
    await scene.applyPool("mail", { template: unscheduled, minReplicas: 1 });
    const stalled = (message: string) =>
      eventually(async () => expect(condition(await scene.queue("mail"), "Stalled")).toContain(message));
    await stalled("KeyringMissing: Secret");
    const put = (stringData: Record<string, string>) =>
      scene.apply(secrets, {
        ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "keys", namespace: scene.namespace } },
        ...({ stringData } as object),
      });
    await put({ k1: key(1), current: "k2" });
    await stalled("KeyringInvalid: Secret");
    expect(condition(await scene.queue("mail"), "Stalled")).toContain("encrypt with a key that it does not have");
    await put({ k1: key(1), current: "k1" });
    await eventually(async () => expect(condition(await scene.queue("mail"), "Ready")).toMatch("Ready=True"));
    await eventually(async () => expect((await mountedConfiguration(scene, "mail")).encrypted).toBe(true));
    const [pod] = await eventually(async () => {
      const pods = await scene.pods("mail");
      expect(pods).toHaveLength(1);
      return pods;
    });
    const { volumes, containers } = (pod?.spec ?? {}) as Partial<
      Record<"volumes" | "containers", Record<string, unknown>[]>
    >;
    expect(volumes).toContainEqual(
      expect.objectContaining({ secret: expect.objectContaining({ secretName: "keys" }) }),
    );
    expect(containers?.[0]?.volumeMounts).toContainEqual(
      expect.objectContaining({ mountPath: "/etc/jobwright/keyring", readOnly: true }),
    );
    // Keys are in nobody's status, event or configuration.
    const said = JSON.stringify([await scene.queue("mail"), await scene.pool("mail"), await scene.deployment("mail")]);
    expect(said).not.toContain(key(1));
    // Rotation is an edit of the Secret; no pod is replaced for it.
    const generation = (await scene.deployment("mail"))?.metadata.generation;
    await put({ k1: key(1), k2: key(2), current: "k2" });
    const seen = await scene.passes("jobqueue");
    await eventually(async () => expect(await scene.passes("jobqueue")).toBeGreaterThan(seen + 1));
    await ready(scene, "mail");
    expect((await scene.deployment("mail"))?.metadata.generation).toBe(generation);
  });
});
