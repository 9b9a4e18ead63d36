import { type ConfirmChannel, connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { secrets } from "../../../operator/src/kinds.ts";
import { type Broker, createVhost, manage, type PrivateBroker, startPrivateBroker } from "../../broker/index.ts";
import { readCluster } from "../../cluster/index.ts";
import { connectAs } from "./amqp.ts";
import { brokerSecretManifest } from "./manifests.ts";
import { condition, eventually, setScene } from "./scene.ts";
import { createVhostView } from "./vhost-view.ts";

async function takeAt(context: TestContext, server: Broker, vhost: string, queue: string): Promise<unknown[]> {
  const model = await connect(`${server.amqpUrl}/${encodeURIComponent(vhost)}`);
  model.on("error", () => {});
  context.onTestFinished(() => model.close().catch(() => {}));
  const channel: ConfirmChannel = await model.createConfirmChannel();
  const bodies: unknown[] = [];
  for (;;) {
    const message = await channel.get(queue, { noAck: true });
    if (message === false) return bodies;
    bodies.push(JSON.parse(message.content.toString()));
  }
}

describe("one operator with several brokers and vhosts", { timeout: 300_000 }, () => {
  let own: PrivateBroker;
  beforeAll(async () => {
    own = await startPrivateBroker();
  }, 180_000);
  afterAll(async () => own?.[Symbol.asyncDispose]());

  test("keeps queues of one name apart, and goes on with the others while one broker is away", async (context) => {
    const scene = await setScene(context);
    const { namespace } = scene;
    const name = `${namespace}.mail`;
    const places: { queue: string; server: Broker; vhost: string }[] = [];
    const servers = [...readCluster().brokers.flatMap((server) => [server, server]), own];
    for (const [index, server] of servers.entries()) {
      const { vhost, ...view } = await createVhostView(server, namespace);
      context.onTestFinished(() => view[Symbol.asyncDispose]());
      const queue = `mail-${index}`;
      places.push({ queue, server, vhost });
      await scene.apply(secrets, brokerSecretManifest(namespace, `broker-${index}`, server, vhost));
      await scene.applyQueue(queue, { name, broker: { secretRef: { name: `broker-${index}` } } });
      await scene.applyPool(queue);
    }
    const ready = async (queue: string) => expect(condition(await scene.queue(queue), "Ready")).toMatch("Ready=True");
    const backlog = async (queue: string) => (await scene.pool(queue))?.status?.backlog;
    for (const { queue, server, vhost } of places) {
      await eventually(() => ready(queue));
      expect((await scene.queue(queue))?.status).toMatchObject({
        queue: name,
        broker: { host: server.host, port: server.amqpPort },
        vhost,
      });
      const producer = await connectAs(context, scene, `${queue}-producer`);
      await producer.publish(name, "send", { to: queue });
    }
    for (const { queue } of places) await eventually(async () => expect(await backlog(queue)).toBe(1));

    await own.kill();
    const away = `mail-${servers.length - 1}`;
    await eventually(async () => {
      expect(condition(await scene.queue(away), "BrokerReachable")).toMatch("BrokerReachable=False BrokerUnreachable");
    });
    for (const { queue, server, vhost } of places.filter((place) => place.queue !== away)) {
      await scene.applyQueue(queue, {
        name,
        broker: { secretRef: { name: `broker-${queue.slice(5)}` } },
        deliveryLimit: 7,
      });
      const producer = await connectAs(context, scene, `${queue}-producer`);
      await producer.publish(name, "send", { to: queue });
      // The listing of queues shows the limit some time later.
      await eventually(async () => {
        const policies = (await manage(server, "GET", `/api/policies/${encodeURIComponent(vhost)}`)) as object[];
        expect(JSON.stringify(policies)).toContain('"delivery-limit":7');
        expect(await backlog(queue)).toBe(2);
      });
      await eventually(() => ready(queue));
    }

    await own.start();
    await eventually(() => ready(away));
    await (await connectAs(context, scene, `${away}-producer`)).publish(name, "send", { to: away });
    await eventually(async () => expect(await backlog(away)).toBe(2));
    for (const { queue, server, vhost } of places) {
      expect(await takeAt(context, server, vhost, name)).toEqual([{ to: queue }, { to: queue }]);
    }
  });

  test("provisions a queue whose vhost is made later", async (context) => {
    const scene = await setScene(context, { server: own });
    const vhost = `${scene.namespace}-late`;
    await scene.applyQueue("mail", { vhost });
    await eventually(async () => {
      expect(condition(await scene.queue("mail"), "Stalled")).toMatch(`VhostMissing: there is no vhost "${vhost}"`);
    });
    await using made = await createVhost(own, vhost);
    await scene.applyQueue("later", { vhost: made.name });
    await eventually(async () => expect(condition(await scene.queue("later"), "Ready")).toMatch("Ready=True"));
    await manage(own, "PUT", `/api/vhosts/${vhost}`, {});
    await manage(own, "PUT", `/api/permissions/${vhost}/${own.username}`, { configure: ".*", write: ".*", read: ".*" });
    await eventually(async () => expect(condition(await scene.queue("mail"), "Ready")).toMatch("Ready=True"));
    await manage(own, "DELETE", `/api/vhosts/${vhost}`);
  });
});
