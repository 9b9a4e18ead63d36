import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { pino } from "pino";
import { expect, test } from "vitest";
import { jobQueues, workerPools } from "../../../operator/src/api/objects.ts";
import { decodeData, type Secret } from "../../../operator/src/credentials/secret-data.ts";
import { configMaps, deployments, podDisruptionBudgets, pods, secrets } from "../../../operator/src/kinds.ts";
import { eventResource } from "../../../operator/src/kube/index.ts";
import { addressOfUri } from "../../../worker-runtime/src/broker/address.ts";
import { openConnection } from "../../../worker-runtime/src/broker/connection.ts";
import { manage } from "../../broker/index.ts";
import { brokerSecretManifest, brokerSecretName, unscheduled as template } from "./manifests.ts";
import { condition, eventually, type Scene, setScene } from "./scene.ts";

/** What a password generator that knows no mercy makes. */
const plant = (what: string) => `${what}:/?#%20 "'\\<&>é${randomBytes(9).toString("base64")}`;

/** A secret in every form in which it may be told: as it is, in JSON, in a URL, in base64, and in a Basic header. */
function formsOf(secret: string, users: readonly string[]): string[] {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const plain = [secret, base64(secret), ...users.map((user) => base64(`${user}:${secret}`))];
  return [...plain, ...plain.map(encodeURIComponent), JSON.stringify(secret).slice(1, -1), encodeURI(secret)];
}

/** The values of the namespace's Secrets that nobody else may know. */
async function secretsOf({ client, namespace }: Scene): Promise<string[]> {
  const { items } = await client.list<Secret>(secrets, { namespace });
  return items.flatMap(({ data }) => {
    const { password, uri, connection_string, k1, k2 } = decodeData(data);
    return [password, uri, connection_string, k1, k2].filter((value) => value !== undefined);
  });
}

/** All that anybody could read who may not read Secrets. */
async function toldBy(scene: Scene): Promise<string> {
  const { client, namespace } = scene;
  const kinds = [jobQueues, workerPools, deployments, configMaps, pods, podDisruptionBudgets, eventResource];
  const lists = await Promise.all(kinds.map((kind) => client.list(kind, { namespace })));
  return [...scene.log, await scene.metrics(), ...lists.map(({ items }) => JSON.stringify(items))].join("\n");
}

/** The command lines of all processes of this machine. */
function commandLines(): string {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        return ""; // It has ended.
      }
    })
    .join("\n");
}

test("planted passwords and keys come into no log, Event, object, metric nor command line, whatever goes wrong with them", {
  timeout: 180_000,
}, async (context) => {
  const scene = await setScene(context, { brokerSecret: null });
  const { namespace, server, vhost, client } = scene;
  const username = `${namespace}.first`;
  const [good, next, wrong] = [plant("good"), plant("next"), plant("wrong")];
  const keys = { k1: randomBytes(32).toString("base64"), k2: randomBytes(32).toString("base64") };
  const known = new Set([good, next, wrong, ...Object.values(keys)]);
  const told: string[] = [];

  const makeUser = (password: string) =>
    manage(server, "PUT", `/api/users/${username}`, { password, tags: "administrator" });
  const put = (name: string, stringData: Record<string, string>) =>
    scene.apply(secrets, { metadata: { name, namespace }, ...({ stringData } as object) });
  const use = (changes: Record<string, string>) =>
    scene.apply(secrets, brokerSecretManifest(namespace, brokerSecretName, server, vhost, { username, ...changes }));
  const look = async () => {
    for (const secret of await secretsOf(scene)) known.add(secret);
    told.push(await toldBy(scene));
  };
  const says = async (what: string) => {
    await eventually(async () => expect(condition(await scene.queue("mail"), "Ready")).toMatch(what));
    await look();
  };

  await makeUser(good);
  await scene.broker.put({ configure: ".*", write: ".*", read: ".*" }, "permissions", username);
  await use({ password: good });
  await put("keys", { ...keys, current: "k1" });
  const access = { producers: [{ name: "shop" }] };
  await scene.applyQueue("mail", { access, encryption: { keySecretRef: { name: "keys" } }, deletionPolicy: "Delete" });
  await scene.applyPool("mail", { template, minReplicas: 1 });
  await says("Ready=True");
  await eventually(async () => expect((await scene.deployment("mail"))?.spec.replicas).toBe(1));

  const rotate = { metadata: { annotations: { "jobwright.dev/rotate-credentials": "1" } } };
  await client.patch(jobQueues, "mail", namespace, rotate);
  await client.patch(workerPools, "mail", namespace, rotate);
  await eventually(async () => expect((await scene.queue("mail"))?.status?.rotationRequest).toBe("1"));
  await eventually(async () => expect((await scene.pool("mail"))?.status?.rotationRequest).toBe("1"));
  await look();

  await put("keys", { ...keys, current: keys.k2 });
  await says("KeyringInvalid");
  await put("keys", { ...keys, current: "k2" });
  await use({ password: wrong });
  await says("CredentialsRefused");
  await use({ password: wrong, host: `amqp://${username}:${wrong}@${server.host}` });
  await says("BrokerSecretInvalid");
  await use({ password: wrong, connection_string: `http://${username}:${wrong}@${server.host}` });
  await says("BrokerSecretInvalid");
  // Right again, but for a management API that is away.
  await makeUser(next);
  const uri = { connection_string: `amqp://${server.host}:${server.amqpPort}` };
  await use({
    ...uri,
    password: next,
    "management-uri": `http://${username}:${encodeURIComponent(next)}@${server.host}:1`,
  });
  await says("ManagementMissing");
  await use({ ...uri, password: next });
  await says("Ready=True");

  const lines: string[] = [];
  const address = addressOfUri(
    `amqp://${username}:${encodeURIComponent(wrong)}@${server.host}:${server.amqpPort}/${vhost}`,
  );
  const connection = openConnection({
    name: "worker",
    source: async () => address,
    log: pino({ level: "debug" }, { write: (line: string) => void lines.push(line) }),
  });
  context.onTestFinished(() => connection.stop());
  await eventually(() => expect(lines.join("")).toContain("cannot connect to the broker"));

  for (const kind of [workerPools, jobQueues]) await client.delete(kind, "mail", namespace);
  await eventually(async () => expect(await scene.queue("mail")).toBeUndefined());
  await look();

  // The RabbitMQ that is tested with has its administrator's password in no command line either.
  const everything = [...told, ...lines, commandLines()].join("\n");
  const users = [username, `${namespace}.mail.producer`, `${namespace}.mail.producer.shop`];
  const found = [...known].flatMap((secret) => formsOf(secret, users).filter((form) => everything.includes(form)));
  expect(known.size).toBeGreaterThan(8);
  expect(found).toEqual([]);
  // What is looked through has what it should have.
  for (const expected of [
    "CredentialsRefused",
    "KeyringInvalid",
    "controller_runtime_reconcile_total",
    `${namespace}.mail`,
  ])
    expect(everything).toContain(expected);
});
