import { createProducer, defineJob, type Job } from "@jobwright/worker-runtime";
import { type Binding, binding } from "@jobwright/worker-runtime/contract";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { z } from "zod";
import { type BrokerAddress, brokerAddress, openBroker } from "../../../operator/src/broker/index.ts";
import { secrets } from "../../../operator/src/kinds.ts";
import { addressOfBinding } from "../../../worker-runtime/src/broker/address.ts";
import {
  type Authority,
  brokerVersions,
  type Certificate,
  createAuthority,
  ownLoopback,
  type PrivateBroker,
  startPrivateBroker,
} from "../../broker/index.ts";
import { memoryLog } from "../worker-runtime/memory-log.ts";
import { runWorker } from "../worker-runtime/running-worker.ts";
import { condition, eventually, type Scene, setScene } from "./scene.ts";

/** Every key that RabbitMQ's cluster operator writes into `<cluster>-default-user`, as it writes them. */
function clusterOperatorsSecret({ host, username, password }: PrivateBroker, tls: boolean): Record<string, string> {
  const port = tls ? "5671" : "5672";
  return {
    username,
    password,
    "default_user.conf": `default_user = ${username}\ndefault_pass = ${password}\n`,
    type: "rabbitmq",
    provider: "rabbitmq",
    host,
    port,
    connection_string: `${tls ? "amqps" : "amqp"}://${username}:${password}@${host}:${port}/`,
  };
}

const send = defineJob({ name: "send", input: z.object({ n: z.number() }), run: async () => undefined });

describe.each(brokerVersions)("RabbitMQ %s that speaks TLS", { timeout: 300_000 }, (version) => {
  let authority: Authority;
  let stranger: Authority;
  let good: Certificate;
  let broker: PrivateBroker;
  const host = ownLoopback();

  beforeAll(async () => {
    [authority, stranger] = await Promise.all([createAuthority("private-ca"), createAuthority("stranger-ca")]);
    good = await authority.issue([`IP:${host}`]);
    broker = await startPrivateBroker(version, { host, certificate: good });
  }, 180_000);
  afterAll(async () => broker?.[Symbol.asyncDispose]());

  /** A scene on this broker, with its Secret as the cluster operator writes it, and the CA's. */
  async function setTlsScene(context: TestContext, tls: boolean): Promise<Scene> {
    const scene = await setScene(context, { server: broker, brokerSecret: null });
    await put(scene, "rabbit-default-user", clusterOperatorsSecret(broker, tls));
    await put(scene, "rabbit-ca", { "ca.crt": authority.certificate });
    const ca = tls ? { caSecretRef: { name: "rabbit-ca" } } : {};
    await scene.applyQueue("mail", {
      broker: { secretRef: { name: "rabbit-default-user" }, ...ca },
      vhost: scene.vhost,
    });
    return scene;
  }

  function put({ apply, namespace }: Scene, name: string, values: Record<string, string>) {
    return apply(secrets, { metadata: { name, namespace }, stringData: values } as never);
  }

  async function says(scene: Scene, type: string, what: string | RegExp): Promise<void> {
    await eventually(async () => expect(condition(await scene.queue("mail"), type)).toMatch(what));
  }

  async function bindingOf(scene: Scene, secret: string): Promise<Binding> {
    return eventually(async () => binding.parse(await scene.secret(secret)));
  }

  function at(changes: Partial<BrokerAddress>) {
    const secret = { ...clusterOperatorsSecret(broker, true), "ca.crt": authority.certificate };
    return openBroker({ ...brokerAddress({ secret }), ...changes }, "test");
  }

  test.each([true, false])("is used through the Secret of its cluster operator as it is, TLS: %s", async (tls) => {
    await using opened = openBroker(
      brokerAddress({ secret: clusterOperatorsSecret(broker, tls), ...(tls && { ca: authority.certificate }) }),
      "test",
    );
    expect(opened.address).toMatchObject({ host, tls, vhost: "/", port: tls ? 5671 : 5672 });
    await opened.features();
    await (await opened.connection.channel()).close();
  });

  test("has operator, producer and worker talk to it over TLS alone, trusting its private CA", async (context) => {
    const scene = await setTlsScene(context, true);
    await says(scene, "Ready", "Ready=True");
    await scene.applyPool("mail");
    const facts = await bindingOf(scene, "mail-producer");
    expect(facts).toMatchObject({
      port: "5671",
      uri: expect.stringMatching(/^amqps:/),
      "ca.crt": authority.certificate,
    });
    const worker = await bindingOf(scene, "mail-worker");
    const done: number[] = [];
    const job = defineJob({ name: "send", input: send.input, run: ({ n }) => void done.push(n) });
    const address = async () => addressOfBinding(worker);
    await runWorker({ name: worker.queue, vhost: { amqpUrl: worker.uri } }, [job as Job], { address });
    await using producer = createProducer({ binding: facts });
    for (let n = 0; n < 10; n += 1) await producer.enqueue(send, { n });
    await eventually(() => expect(done.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    const listed = await broker.control("list_connections", "user", "ssl", "--silent");
    const lines = listed
      .trim()
      .split("\n")
      .filter((line) => /admin|\.mail\./.test(line));
    expect(lines.length).toBeGreaterThanOrEqual(4);
    for (const line of lines) expect(line).toMatch(/true/);
  });

  test("is refused with a certificate that its CA did not sign, and taken again with a good one", async (context) => {
    const scene = await setTlsScene(context, true);
    await says(scene, "Ready", "Ready=True");
    await put(scene, "rabbit-ca", { "ca.crt": stranger.certificate });
    await says(scene, "Stalled", /CertificateRefused: .*the CA in ca\.crt did not sign the broker's certificate/);
    await says(scene, "BrokerReachable", "BrokerReachable=False CertificateRefused");
    await put(scene, "rabbit-ca", { "ca.crt": authority.certificate });
    await says(scene, "Ready", "Ready=True");
    // The producer's copy follows at once: with a second CA beside the first, one can be replaced by the other.
    const both = `${stranger.certificate}${authority.certificate}`;
    await put(scene, "rabbit-ca", { "ca.crt": both });
    await eventually(async () => expect((await bindingOf(scene, "mail-producer"))["ca.crt"]).toBe(both));
    await says(scene, "Ready", "Ready=True");
  });

  test.for([
    ["has expired", (ca: Authority) => ca.issue([`IP:${host}`], -1), "has expired: renew it"],
    ["is another host's", (ca: Authority) => ca.issue(["DNS:rabbit.example"]), "give as host a name that is in it"],
  ] as const)("is refused with a certificate that %s, by operator and worker alike", async ([, issue, words]) => {
    await broker.present(await issue(authority));
    try {
      await using refused = at({});
      await expect(refused.features()).rejects.toThrow(words);
      await expect(refused.connection.channel()).rejects.toThrow(words);
      const { lines, log } = memoryLog();
      const { username, password } = broker;
      const uri = `amqps://${username}:${encodeURIComponent(password)}@${host}:5671`;
      await using producer = createProducer({ url: uri, ca: authority.certificate, queue: "a.b", log });
      void producer.enqueue(send, { n: 1 }).catch(() => {});
      await eventually(() => expect(JSON.stringify(lines)).toContain(words));
    } finally {
      await broker.present(good);
    }
    await using taken = at({});
    await taken.features();
  });

  test("is refused by who knows no CA, and who takes a plain port for a TLS one is told", async () => {
    const { ca: _, ...address } = brokerAddress({ secret: clusterOperatorsSecret(broker, true) });
    await using untrusting = openBroker(address, "test");
    const untrusted = "signed by a CA that is not trusted here";
    await expect(untrusting.features()).rejects.toThrow(untrusted);
    await expect(untrusting.connection.channel()).rejects.toThrow(untrusted);
    await using plain = at({ port: 5672, managementUrl: `https://${host}:15672` });
    await expect(plain.features()).rejects.toThrow("the port does not speak TLS");
    await expect(plain.connection.channel()).rejects.toThrow("the port does not speak TLS");
  });
});
