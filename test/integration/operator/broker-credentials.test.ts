import { describe, expect, test } from "vitest";
import { secrets } from "../../../operator/src/kinds.ts";
import { manage } from "../../broker/index.ts";
import { readCluster } from "../../cluster/index.ts";
import { connectAs } from "./amqp.ts";
import { brokerSecretManifest, brokerSecretName, unscheduled } from "./manifests.ts";
import { condition, eventually, onlyWhenTold, type Scene, setScene } from "./scene.ts";

const versions = readCluster().brokers.map(({ version }) => version);

async function says(scene: Scene, type: string, what: string): Promise<void> {
  await eventually(async () => expect(condition(await scene.queue("mail"), type)).toMatch(what));
}

describe.concurrent("the operator's own credentials", { timeout: 300_000 }, () => {
  test.for(versions)(
    "on RabbitMQ %s are followed when they change, and no pod is replaced",
    async (version, context) => {
      const scene = await setScene(context, { version, brokerSecret: null, ...onlyWhenTold });
      const { namespace, server, vhost } = scene;
      const name = `${namespace}.mail`;
      async function makeAdministrator(username: string, password: string): Promise<void> {
        await manage(server, "PUT", `/api/users/${username}`, { password, tags: "administrator" });
        await scene.broker.put({ configure: ".*", write: ".*", read: ".*" }, "permissions", username);
      }
      const use = (username: string, password: string) =>
        scene.apply(secrets, brokerSecretManifest(namespace, brokerSecretName, server, vhost, { username, password }));

      await makeAdministrator(`${namespace}.first`, "old");
      await use(`${namespace}.first`, "old");
      await scene.applyQueue("mail");
      await scene.applyPool("mail", { template: unscheduled, minReplicas: 1, maxReplicas: 3 });
      await says(scene, "Ready", "Ready=True");
      await eventually(async () => expect((await scene.deployment("mail"))?.spec.replicas).toBe(1));
      const before = {
        template: (await scene.deployment("mail"))?.spec.template,
        own: await scene.secret("mail-worker"),
      };
      const worker = await connectAs(context, scene, "mail-worker");

      // The password is changed on the broker first, as one must who has only one administrator.
      await makeAdministrator(`${namespace}.first`, "new");
      await scene.applyQueue("mail", { deliveryLimit: 7 });
      await says(scene, "Stalled", "CredentialsRefused");
      await use(`${namespace}.first`, "new");
      await says(scene, "Ready", "Ready=True");
      await says(scene, "BrokerReachable", "BrokerReachable=True");

      // Another user, and the one before is gone with its connections.
      await makeAdministrator(`${namespace}.second`, "another");
      await use(`${namespace}.second`, "another");
      await eventually(async () => {
        const open = (await manage(server, "GET", `/api/vhosts/${vhost}/connections`)) as { user: string }[];
        const users = new Set(open.map(({ user }) => user));
        expect(users).toContain(`${namespace}.second`);
        expect(users).not.toContain(`${namespace}.first`);
      });
      await manage(server, "DELETE", `/api/users/${namespace}.first`);

      // Both controllers and the scaler work with the new ones.
      const producer = await connectAs(context, scene, "mail-producer");
      for (let n = 0; n < 20; n += 1) await producer.publish(name, "send", { n });
      await eventually(async () => {
        expect((await scene.pool("mail"))?.status?.backlog).toBe(20);
      });
      await scene.applyPool("mail", { template: unscheduled, minReplicas: 2, maxReplicas: 3 });
      await eventually(async () => expect((await scene.deployment("mail"))?.spec.replicas).toBeGreaterThanOrEqual(2));
      await worker.onChannel((channel) => channel.checkQueue(name));
      const deployment = await scene.deployment("mail");
      expect(deployment?.spec.template).toEqual(before.template);
      expect(await scene.secret("mail-worker")).toEqual(before.own);
    },
  );

  test("in the operator's own broker's Secret are followed for every queue on it", async (context) => {
    const scene = await setScene(context, { ownBroker: { allowedVhosts: [] }, ...onlyWhenTold });
    const { namespace, server, vhost } = scene;
    await scene.applyQueue("mail", { broker: undefined });
    await says(scene, "Ready", "Ready=True");
    const own = (changes: object) => brokerSecretManifest(namespace, "operators-own", server, vhost, { ...changes });
    await scene.apply(secrets, own({ password: "wrong" }));
    await says(scene, "Stalled", "CredentialsRefused");
    await scene.apply(secrets, own({}));
    await says(scene, "Ready", "Ready=True");
  });

  test("and a broker Secret or a keyring that is made later, or deleted, are seen at once", async (context) => {
    const scene = await setScene(context, onlyWhenTold);
    const { namespace, server, vhost } = scene;
    const make = (name: string, values: Record<string, string>) =>
      scene.apply(secrets, { metadata: { name, namespace }, stringData: values } as never);
    await scene.applyQueue("mail", {
      broker: { secretRef: { name: "late" } },
      encryption: { keySecretRef: { name: "keys" } },
    });
    await says(scene, "Stalled", "BrokerSecretMissing");
    await scene.apply(secrets, brokerSecretManifest(namespace, "late", server, vhost));
    await says(scene, "Stalled", "KeyringMissing");
    await make("keys", { k1: Buffer.alloc(32).toString("base64"), current: "k2" });
    await says(scene, "Stalled", "KeyringInvalid");
    await make("keys", { k1: Buffer.alloc(32).toString("base64"), current: "k1" });
    await says(scene, "Ready", "Ready=True");
    await scene.client.delete(secrets, "late", namespace);
    await says(scene, "Stalled", "BrokerSecretMissing");
  });
});
