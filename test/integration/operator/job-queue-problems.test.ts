import { describe, expect, test } from "vitest";
import { jobQueues } from "../../../operator/src/api/objects.ts";
import { secrets } from "../../../operator/src/kinds.ts";
import { createVhost, manage } from "../../broker/index.ts";
import { connectAsAdministrator, takeIn } from "./amqp.ts";
import { brokerSecretManifest, brokerSecretName } from "./manifests.ts";
import { condition, eventually, type Scene, setScene } from "./scene.ts";

/** Waits until the JobQueue's conditions say this, and returns the three that matter. */
async function says(scene: Scene, name: string, state: "Stalled" | "Reconciling", reason: string) {
  return eventually(async () => {
    const queue = await scene.queue(name);
    expect(condition(queue, "Ready")).toMatch(`Ready=False ${reason}: `);
    expect(condition(queue, state)).toMatch(`${state}=True ${reason}: `);
    expect(condition(queue, state === "Stalled" ? "Reconciling" : "Stalled")).toBeUndefined();
    expect(queue?.status?.observedGeneration).toBe(queue?.metadata.generation);
    return { reachable: condition(queue, "BrokerReachable"), said: condition(queue, state) ?? "" };
  });
}

async function ready(scene: Scene, name: string): Promise<void> {
  await eventually(async () => expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True"));
}

describe.concurrent("a JobQueue says what is wrong", { timeout: 300_000 }, () => {
  test("when the broker cannot be reached, and goes on once it can", async (context) => {
    const scene = await setScene(context, { brokerSecret: { "management-uri": "http://10.244.0.1:9" } });
    await scene.applyQueue("mail");
    // The AMQP port answers, so it is only the management API that is not where the Secret says.
    const { reachable, said } = await says(scene, "mail", "Stalled", "ManagementMissing");
    expect(reachable).toMatch("BrokerReachable=False ManagementMissing");
    expect(said).toContain("management-uri");
    const change = { "management-uri": "http://10.244.0.1:9", port: "9" };
    await scene.apply(
      secrets,
      brokerSecretManifest(scene.namespace, brokerSecretName, scene.server, scene.vhost, change),
    );
    const down = await says(scene, "mail", "Reconciling", "BrokerUnreachable");
    expect(down.reachable).toMatch("BrokerReachable=False BrokerUnreachable");
    expect(down.said).toContain("could not be reached");
    await scene.apply(secrets, brokerSecretManifest(scene.namespace, brokerSecretName, scene.server, scene.vhost));
    await ready(scene, "mail");
    expect(condition(await scene.queue("mail"), "BrokerReachable")).toMatch("BrokerReachable=True");
  });

  test("when the broker refuses the credentials", async (context) => {
    const scene = await setScene(context, { brokerSecret: { password: "wrong" } });
    await scene.applyQueue("mail");
    const { reachable, said } = await says(scene, "mail", "Stalled", "CredentialsRefused");
    expect(reachable).toMatch("BrokerReachable=False CredentialsRefused");
    expect(said).toContain("correct the keys username and password");
    expect(said).not.toContain("wrong");
    await eventually(async () => {
      const [event] = await scene.events("JobQueue", "mail", "CredentialsRefused");
      expect(event?.type).toBe("Warning");
    });
  });

  test("when the user is not an administrator", async (context) => {
    const scene = await setScene(context, { brokerSecret: null });
    const username = `${scene.namespace}.plain`;
    await manage(scene.server, "PUT", `/api/users/${username}`, { password: "secret", tags: "management" });
    await scene.broker.put({ configure: ".*", write: ".*", read: ".*" }, "permissions", username);
    const credentials = { username, password: "secret" };
    const { namespace, server, vhost } = scene;
    await scene.apply(secrets, brokerSecretManifest(namespace, brokerSecretName, server, vhost, credentials));
    await scene.applyQueue("mail");
    const { said } = await says(scene, "mail", "Stalled", "NotAdministrator");
    expect(said).toContain(`rabbitmqctl set_user_tags ${username} administrator`);
  });

  test("when there is no such vhost", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail", { vhost: "nowhere" });
    const { said, reachable } = await says(scene, "mail", "Stalled", "VhostMissing");
    expect(said).toContain('there is no vhost "nowhere"');
    expect(said).toContain("rabbitmqctl add_vhost");
    expect(reachable ?? "BrokerReachable=True").toMatch("BrokerReachable=True");
  });

  test("when a queue of that name is of another kind, which it leaves untouched", async (context) => {
    const scene = await setScene(context);
    const name = `${scene.namespace}.mail`;
    await scene.broker.put({ durable: true, arguments: { "x-queue-type": "classic" } }, "queues", name);
    const administrator = await connectAsAdministrator(context, scene);
    await administrator.publish("", name, { precious: true });
    await scene.applyQueue("mail");
    const { said } = await says(scene, "mail", "Stalled", "QueueKindMismatch");
    expect(said).toContain(`queue "${name}" exists as classic, expected quorum`);
    expect(said).toContain("choose another name");
    await scene.client.delete(jobQueues, "mail", scene.namespace);
    await eventually(async () => expect(await scene.queue("mail")).toBeUndefined());
    expect(await takeIn(context, scene, name)).toEqual([{ precious: true }]);
  });

  test("when another has the name, and has it itself once the other is deleted", async (context) => {
    const scene = await setScene(context);
    const name = `${scene.namespace}.shared`;
    await scene.applyQueue("first", { name, deletionPolicy: "Retain" });
    await ready(scene, "first");
    // Both are of one second; the one that has it on the broker keeps it.
    await scene.applyQueue("second", { name, deletionPolicy: "Delete" });
    const { said } = await says(scene, "second", "Stalled", "NameTaken");
    expect(said).toContain(`JobQueue ${scene.namespace}/first has the name "${name}"`);
    await scene.client.delete(jobQueues, "first", scene.namespace);
    await ready(scene, "second");
    expect((await scene.queue("second"))?.status?.queue).toBe(name);
  });

  test("when its broker Secret is missing, and goes on once it is there", async (context) => {
    const scene = await setScene(context, { brokerSecret: null });
    await scene.applyQueue("mail");
    const { said } = await says(scene, "mail", "Stalled", "BrokerSecretMissing");
    expect(said).toContain(`Secret ${scene.namespace}/broker (spec.broker.secretRef.name) does not exist`);
    await scene.apply(secrets, brokerSecretManifest(scene.namespace, brokerSecretName, scene.server, scene.vhost));
    await ready(scene, "mail");
  });

  test("when its broker Secret lacks a key or holds nonsense", async (context) => {
    const scene = await setScene(context, { brokerSecret: { port: "amqp" } });
    await scene.applyQueue("mail");
    const { said } = await says(scene, "mail", "Stalled", "BrokerSecretInvalid");
    expect(said).toContain(`Secret ${scene.namespace}/broker (spec.broker.secretRef.name): `);
    expect(said).toContain('key "port" is not a whole number from 1 to 65535');
  });

  test("when no broker is named anywhere", async (context) => {
    const scene = await setScene(context);
    await scene.apply(jobQueues, {
      metadata: { name: "mail", namespace: scene.namespace },
      spec: {},
    });
    const { said } = await says(scene, "mail", "Stalled", "BrokerNotConfigured");
    expect(said).toContain("set spec.broker.secretRef.name");
  });

  test("when somebody else's Secret has the producer's name, which it leaves untouched", async (context) => {
    const scene = await setScene(context);
    const foreign = { metadata: { name: "mail-producer", namespace: scene.namespace }, stringData: { mine: "yes" } };
    await scene.apply(secrets, foreign);
    await scene.applyQueue("mail");
    const { said } = await says(scene, "mail", "Stalled", "SecretTaken");
    expect(said).toContain(`Secret ${scene.namespace}/mail-producer exists and is not of JobQueue mail`);
    expect(await scene.secret("mail-producer")).toEqual({ mine: "yes" });
    await scene.client.delete(secrets, "mail-producer", scene.namespace);
    await ready(scene, "mail");
  });
});

describe.concurrent("on the operator's own broker", { timeout: 300_000 }, () => {
  const withoutBroker = (scene: Scene, name: string, spec: Record<string, unknown> = {}) =>
    scene.apply(jobQueues, { metadata: { name, namespace: scene.namespace }, spec });

  test("a JobQueue needs no broker of its own", async (context) => {
    const scene = await setScene(context, { ownBroker: { allowedVhosts: [] } });
    await withoutBroker(scene, "mail");
    await ready(scene, "mail");
    expect((await scene.queue("mail"))?.status?.vhost).toBe(scene.vhost);
  });

  test("a JobQueue cannot take a name of another namespace", async (context) => {
    const scene = await setScene(context, { ownBroker: { allowedVhosts: [] } });
    await withoutBroker(scene, "mail", { name: "elsewhere.mail" });
    const { said } = await says(scene, "mail", "Stalled", "NameNotAllowed");
    expect(said).toContain(`it must begin with "${scene.namespace}."`);
    expect(await scene.broker.find("queues", "elsewhere.mail")).toBeUndefined();
  });

  test("a JobQueue can choose only the vhosts that were allowed", async (context) => {
    const scene = await setScene(context, { ownBroker: { allowedVhosts: ["allowed-elsewhere"] } });
    await using other = await createVhost(scene.server, "forbidden");
    await withoutBroker(scene, "mail", { vhost: other.name });
    const { said } = await says(scene, "mail", "Stalled", "VhostNotAllowed");
    expect(said).toContain(`"${scene.vhost}", "allowed-elsewhere" only`);
    await withoutBroker(scene, "same", { vhost: scene.vhost });
    await ready(scene, "same");
  });
});
