import { describe, expect, test } from "vitest";
import { jobQueues } from "../../../operator/src/api/objects.ts";
import { secrets } from "../../../operator/src/kinds.ts";
import { type Broker, manage } from "../../broker/index.ts";
import { readCluster } from "../../cluster/index.ts";
import { connectAs, takeIn } from "./amqp.ts";
import { brokerSecretManifest, brokerSecretName, unscheduled } from "./manifests.ts";
import { always, condition, eventually, type Scene, setScene } from "./scene.ts";
import { createVhostView, type VhostView } from "./vhost-view.ts";

const servers = readCluster().brokers;

/** Lets the scene's broker Secret lead elsewhere. */
function lead({ apply, namespace }: Scene, server: Broker, vhost: string, changes: Record<string, string> = {}) {
  return apply(secrets, brokerSecretManifest(namespace, brokerSecretName, server, vhost, changes));
}

async function ready(scene: Scene, name: string): Promise<void> {
  await eventually(async () => expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True"));
}

async function brokerChanged(scene: Scene, name: string): Promise<string> {
  return eventually(async () => {
    const said = condition(await scene.queue(name), "Stalled") ?? "";
    expect(said).toMatch("Stalled=True BrokerChanged");
    return said;
  });
}

/** A queue with a pool that has one worker, and another vhost of the same name prefix. */
async function setMovingScene(context: Parameters<typeof setScene>[0], server: Broker) {
  const scene = await setScene(context);
  const elsewhere = await createVhostView(server, scene.namespace);
  context.onTestFinished(() => elsewhere[Symbol.asyncDispose]());
  await scene.applyQueue("mail", { deletionPolicy: "Delete" });
  await scene.applyPool("mail", { minReplicas: 1, template: unscheduled });
  await ready(scene, "mail");
  await eventually(async () => expect((await scene.deployment("mail"))?.spec.replicas).toBe(1));
  const name = `${scene.namespace}.mail`;
  const producer = await connectAs(context, scene, "mail-producer");
  await producer.publish(name, "send", { left: "behind" });
  return { scene, elsewhere, name };
}

async function isUntouched({ vhost }: VhostView, server: Broker): Promise<void> {
  expect(await manage(server, "GET", `/api/queues/${vhost}`)).toEqual([]);
  expect(await manage(server, "GET", `/api/policies/${vhost}`)).toEqual([]);
  const permissions = (await manage(server, "GET", `/api/vhosts/${vhost}/permissions`)) as { user: string }[];
  expect(permissions.map(({ user }) => user)).toEqual([server.username]);
}

describe.concurrent("a JobQueue whose Secret leads elsewhere", { timeout: 300_000 }, () => {
  test.for(servers)(
    "to RabbitMQ $version, stays where its jobs are and touches nothing there",
    async (server, context) => {
      const { scene, elsewhere, name } = await setMovingScene(context, server);
      const { host, amqpPort } = scene.server;
      expect((await scene.queue("mail"))?.status).toMatchObject({
        broker: { host, port: amqpPort },
        vhost: scene.vhost,
      });
      const before = {
        pool: await scene.secret("mail-worker"),
        template: (await scene.deployment("mail"))?.spec.template,
      };
      await lead(scene, server, elsewhere.vhost);
      const said = await brokerChanged(scene, "mail");
      const there = `${server.host}:${server.amqpPort}/${elsewhere.vhost}`;
      expect(said).toContain(
        `are at ${host}:${amqpPort}/${scene.vhost}, but its broker's Secret leads to ${there} now`,
      );
      expect(said).toContain(
        `kubectl annotate jobqueue mail -n ${scene.namespace} --overwrite jobwright.dev/accept-broker=${there}`,
      );
      await eventually(async () => {
        expect(condition(await scene.pool("mail"), "Stalled")).toMatch("Stalled=True BrokerChanged");
      });
      // What it says to accept another place changes nothing, nor does another operator.
      await scene.client.patch(jobQueues, "mail", scene.namespace, {
        metadata: { annotations: { "jobwright.dev/accept-broker": `${server.host}:${server.amqpPort}/another` } },
      });
      await scene.restartOperator();
      await always(async () => {
        await isUntouched(elsewhere, server);
        expect(condition(await scene.queue("mail"), "Stalled")).toMatch("Stalled=True BrokerChanged");
      }, 4);
      expect((await scene.queue("mail"))?.status).toMatchObject({
        broker: { host, port: amqpPort },
        vhost: scene.vhost,
      });
      expect(await scene.secret("mail-worker")).toEqual(before.pool);
      expect((await scene.deployment("mail"))?.spec).toMatchObject({ replicas: 1, template: before.template });

      await lead(scene, scene.server, scene.vhost);
      await ready(scene, "mail");
      await eventually(async () => expect(condition(await scene.pool("mail"), "Stalled")).toBeUndefined());
      expect(await takeIn(context, scene, name)).toEqual([{ left: "behind" }]);
    },
  );

  test.for(servers)(
    "to RabbitMQ $version, goes there once that is accepted, and its workers with it",
    async (server, context) => {
      const { scene, elsewhere, name } = await setMovingScene(context, server);
      const old = JSON.stringify((await scene.deployment("mail"))?.spec.template);
      await lead(scene, server, elsewhere.vhost);
      await brokerChanged(scene, "mail");
      await scene.client.patch(jobQueues, "mail", scene.namespace, {
        metadata: {
          annotations: { "jobwright.dev/accept-broker": `${server.host}:${server.amqpPort}/${elsewhere.vhost}` },
        },
      });
      await ready(scene, "mail");
      expect((await scene.queue("mail"))?.status).toMatchObject({
        broker: { host: server.host, port: server.amqpPort },
        vhost: elsewhere.vhost,
      });
      expect(await elsewhere.find("queues", name)).toBeDefined();
      expect(await scene.secret("mail-producer")).toMatchObject({ host: server.host, "virtual-host": elsewhere.vhost });
      // The workers' Secret is right before their template changes: a new pod must not find the old place in it.
      await eventually(async () => {
        expect(JSON.stringify((await scene.deployment("mail"))?.spec.template)).not.toBe(old);
        expect(await scene.secret("mail-worker")).toMatchObject({
          port: String(server.amqpPort),
          "virtual-host": elsewhere.vhost,
        });
      });
      const [moved] = await eventually(async () => {
        const events = await scene.events("JobQueue", "mail", "Moved");
        expect(events).toHaveLength(1);
        return events;
      });
      expect(moved?.message).toContain("jobs and users included, is left there");
      // The old place keeps all: workers that drain need their user, and the jobs are the user's to fetch.
      expect(await scene.broker.find("queues", name)).toBeDefined();
      expect(await takeIn(context, scene, name)).toEqual([{ left: "behind" }]);
      expect(await scene.broker.user(`${name}.worker`)).toBeDefined();
    },
  );

  test("leaves all where it was when it is deleted, and lets go", async (context) => {
    const { scene, elsewhere, name } = await setMovingScene(context, servers[0] ?? expect.fail("no broker"));
    await lead(scene, servers[0] ?? expect.fail("no broker"), elsewhere.vhost);
    await brokerChanged(scene, "mail");
    await scene.client.delete(jobQueues, "mail", scene.namespace);
    await eventually(async () => expect(await scene.queue("mail")).toBeUndefined());
    await eventually(async () => {
      const [event] = await scene.events("JobQueue", "mail", "LeftOnBroker");
      expect(event?.message).toContain("nothing was deleted at either place");
    });
    expect(await takeIn(context, scene, name)).toEqual([{ left: "behind" }]);
    await isUntouched(elsewhere, servers[0] ?? expect.fail("no broker"));
  });
});
