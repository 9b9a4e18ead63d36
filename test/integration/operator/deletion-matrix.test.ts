// Each deletionPolicy against each way in which the broker can be out of reach, and every order of deleting.
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { jobQueues, workerPools } from "../../../operator/src/api/objects.ts";
import { secrets } from "../../../operator/src/kinds.ts";
import { deleteVhost, manage, type PrivateBroker, startPrivateBroker } from "../../broker/index.ts";
import { connectAs, takeIn } from "./amqp.ts";
import { brokerSecretManifest, brokerSecretName } from "./manifests.ts";
import { condition, eventually, namespaces, type Scene, setScene } from "./scene.ts";

const policies = ["Retain", "DeleteWhenEmpty", "Delete"] as const;
type Policy = (typeof policies)[number];

const waits = "The deletion waits for it: set deletionPolicy to Retain to leave what is there";

async function says(scene: Scene, name: string, type: string, what: string | RegExp): Promise<void> {
  await eventually(async () => {
    expect(condition(await scene.queue(name), type)).toMatch(what);
  });
}

async function setQueue(scene: Scene, deletionPolicy: Policy, name = "mail"): Promise<string> {
  await scene.applyQueue(name, { deletionPolicy });
  await says(scene, name, "Ready", "Ready=True");
  return `${scene.namespace}.${name}`;
}

async function gone(scene: Scene, name = "mail"): Promise<void> {
  await eventually(async () => expect(await scene.queue(name)).toBeUndefined());
}

async function remove(scene: Scene, name = "mail"): Promise<void> {
  await scene.client.delete(jobQueues, name, scene.namespace);
}

async function leftOnBroker(scene: Scene, why: string, name = "mail"): Promise<void> {
  await eventually(async () => {
    const [event] = await scene.events("JobQueue", name, "LeftOnBroker");
    expect(event?.message).toContain(why);
  });
}

/** Which of queue and users of a JobQueue with this resolved name are on the broker. */
async function isThere({ broker, server }: Scene, name: string): Promise<{ queue: boolean; users: number }> {
  const users = (await manage(server, "GET", "/api/users")) as { name: string }[];
  return {
    queue: (await broker.find("queues", name)) !== undefined,
    users: users.filter((user) => user.name.startsWith(`${name}.`)).length,
  };
}

describe.concurrent("a deleted JobQueue", { timeout: 300_000 }, () => {
  test.for([
    ["Retain", { queue: true, users: 0 }],
    ["Delete", { queue: false, users: 0 }],
    // Nobody does its jobs any more in a namespace that goes, so it does not wait, and they are kept.
    ["DeleteWhenEmpty", { queue: true, users: 1 }],
  ] as const)(
    "of policy %s whose Secret went first is cleaned as far as its policy allows",
    async ([policy, left], context) => {
      const scene = await setScene(context);
      const name = await setQueue(scene, policy);
      await scene.client.delete(secrets, brokerSecretName, scene.namespace);
      await says(scene, "mail", "Stalled", "BrokerSecretMissing");
      await remove(scene);
      await gone(scene);
      expect(await isThere(scene, name)).toEqual(left);
      if (policy === "DeleteWhenEmpty") await leftOnBroker(scene, `Secret ${scene.namespace}/${brokerSecretName}`);
    },
  );

  test.for(policies)("of policy %s is let go by an operator that never knew its Secret", async (policy, context) => {
    const scene = await setScene(context);
    const name = await setQueue(scene, policy);
    await scene.client.delete(secrets, brokerSecretName, scene.namespace);
    await scene.restartOperator();
    await remove(scene);
    await gone(scene);
    await leftOnBroker(scene, `Secret ${scene.namespace}/${brokerSecretName}`);
    expect(await isThere(scene, name)).toEqual({ queue: true, users: 1 });
  });

  test.for(policies)("of policy %s whose vhost went first takes its users along", async (policy, context) => {
    const scene = await setScene(context);
    const name = await setQueue(scene, policy);
    await deleteVhost(scene.server, scene.vhost);
    await remove(scene);
    await gone(scene);
    expect(await isThere(scene, name)).toEqual({ queue: false, users: 0 });
  });

  test.for(policies)("of policy %s whose broker refuses the operator", async (policy, context) => {
    const scene = await setScene(context, { brokerSecret: null });
    const { namespace, server, vhost } = scene;
    const username = `${namespace}.operator`;
    const give = (password: string) =>
      manage(server, "PUT", `/api/users/${username}`, { password, tags: "administrator" });
    await give("good");
    await scene.broker.put({ configure: ".*", write: ".*", read: ".*" }, "permissions", username);
    const credentials = { username, password: "good" };
    await scene.apply(secrets, brokerSecretManifest(namespace, brokerSecretName, server, vhost, credentials));
    const name = await setQueue(scene, policy);
    await give("bad");
    await remove(scene);
    if (policy === "Retain") {
      await gone(scene);
      await leftOnBroker(scene, "refused the user name");
      return;
    }
    await says(scene, "mail", "Stalled", new RegExp(`CredentialsRefused: .*${waits}`));
    const mended = { username: server.username, password: server.password };
    await scene.apply(secrets, brokerSecretManifest(namespace, brokerSecretName, server, vhost, mended));
    await gone(scene);
    expect(await isThere(scene, name)).toEqual({ queue: false, users: 0 });
  });

  test("that waits for its jobs goes on waiting for a new operator", async (context) => {
    const scene = await setScene(context);
    const name = await setQueue(scene, "DeleteWhenEmpty");
    await (await connectAs(context, scene, "mail-producer")).publish(name, "send", { n: 1 });
    await remove(scene);
    await says(scene, "mail", "Reconciling", "WaitingForJobs");
    await scene.restartOperator();
    await says(scene, "mail", "Reconciling", /WaitingForJobs: .*1 jobs wait/);
    expect(await takeIn(context, scene, name)).toEqual([{ n: 1 }]);
    await gone(scene);
    expect(await isThere(scene, name)).toEqual({ queue: false, users: 0 });
  });

  test.for([
    ["its pool", workerPools, jobQueues],
    ["the queue", jobQueues, workerPools],
  ] as const)("of policy Delete leaves no user behind where %s goes first", async ([, first, second], context) => {
    const scene = await setScene(context);
    const name = await setQueue(scene, "Delete");
    await scene.applyPool("mail");
    await eventually(async () => expect((await isThere(scene, name)).users).toBe(2));
    for (const kind of [first, second]) {
      await scene.client.delete(kind, "mail", scene.namespace);
      await eventually(async () => expect(await scene.client.get(kind, "mail", scene.namespace)).toBeUndefined());
    }
    expect(await isThere(scene, name)).toEqual({ queue: false, users: 0 });
  });

  test.for([
    ["Retain", { queue: true, users: 0 }],
    ["DeleteWhenEmpty", undefined],
    ["Delete", { queue: false, users: 0 }],
  ] as const)("of policy %s goes with its namespace, pool and Secret", async ([policy, left], context) => {
    const scene = await setScene(context);
    const name = await setQueue(scene, policy);
    await scene.applyPool("mail");
    await eventually(async () => expect((await isThere(scene, name)).users).toBe(2));
    await scene.client.delete(namespaces, scene.namespace);
    await eventually(async () => {
      expect(await scene.client.get(namespaces, scene.namespace)).toBeUndefined();
    });
    if (left) expect(await isThere(scene, name)).toEqual(left);
  });
});

describe.concurrent("a deleted JobQueue whose broker is down", { timeout: 300_000 }, () => {
  let server: PrivateBroker;
  beforeAll(async () => {
    server = await startPrivateBroker();
  }, 180_000);
  afterAll(async () => server?.[Symbol.asyncDispose]());

  test("waits for it, unless it is to leave everything there, or is told so", async (context: TestContext) => {
    const scene = await setScene(context, { server });
    for (const policy of policies) await setQueue(scene, policy, policy.toLowerCase());
    await setQueue(scene, "Delete", "impatient");
    await server.killWithQueuesKept();
    const names = [...policies.map((policy) => policy.toLowerCase()), "impatient"];
    for (const name of names) await remove(scene, name);
    await gone(scene, "retain");
    await leftOnBroker(scene, "could not be reached", "retain");
    for (const name of ["deletewhenempty", "delete", "impatient"]) {
      await says(scene, name, "Reconciling", new RegExp(`BrokerUnreachable: .*${waits}`));
    }
    await scene.client.patch(jobQueues, "impatient", scene.namespace, { spec: { deletionPolicy: "Retain" } });
    await gone(scene, "impatient");
    await server.start();
    for (const name of ["deletewhenempty", "delete"]) {
      await gone(scene, name);
      expect(await isThere(scene, `${scene.namespace}.${name}`)).toEqual({ queue: false, users: 0 });
    }
    for (const name of ["retain", "impatient"]) {
      expect(await isThere(scene, `${scene.namespace}.${name}`)).toEqual({ queue: true, users: 1 });
    }
  });
});
