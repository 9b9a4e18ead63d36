import { setTimeout as sleep } from "node:timers/promises";
import { delayBindingKey, delayDeliveryExchange, delayParked } from "@jobwright/worker-runtime/contract";
import { expect } from "vitest";
import { type JobQueue, jobQueues } from "../../../operator/src/api/objects.ts";
import { decodeData, type Secret } from "../../../operator/src/credentials/secret-data.ts";
import { secrets } from "../../../operator/src/kinds.ts";
import { createKubeClient, type KubeClient, loadKubeConfig } from "../../../operator/src/kube/index.ts";
import { type BrokerVersion, createVhost, manage, startPrivateBroker } from "../../broker/index.ts";
import { brokerSecretManifest, jobQueueManifest } from "../operator/manifests.ts";
import { condition, eventually, namespaces } from "../operator/scene.ts";
import { listTopology } from "./listing.ts";
import { type CrashableOperator, startCrashableOperator } from "./operator-process.ts";
import { eventsExchange, type Spec, type Step } from "./steps.ts";
import { startTraffic, type Traffic } from "./traffic.ts";

/** The JobQueue that all is done to, and one that is made in the end in a vhost of its own, to compare with. */
const tried = "propa";
const compared = "propb";

/** A broker, a namespace, an operator process and traffic, all of one sequence's own. */
export interface Stage extends AsyncDisposable {
  /** Resolved name of the JobQueue. */
  readonly queue: string;
  /** Names of policies that it has, or may have. */
  readonly policies: readonly string[];
  readonly traffic: Traffic;
  readonly operator: CrashableOperator;
  /** Does it. @returns what is worth noting. */
  take(step: Step): Promise<string | undefined>;
  /** Makes a JobQueue of the last spec in the other vhost. */
  applyFresh(): Promise<void>;
  /** What is on the broker for each of the two, names made alike. */
  listings(): Promise<{ readonly found: string[]; readonly fresh: string[] }>;
  /** Takes all jobs that are in the JobQueue's queues, or parked. */
  collect(): Promise<void>;
}

export async function setStage(
  version: BrokerVersion,
  kubeconfig: string,
  logFile: string,
  seed: number,
): Promise<Stage> {
  const broker = await startPrivateBroker(version);
  const client = createKubeClient(loadKubeConfig({ file: kubeconfig }));
  const namespace = `prop-${crypto.randomUUID().slice(0, 8)}`;
  await client.create(namespaces, { metadata: { name: namespace } });
  const [vhost, other] = [await createVhost(broker, "tried"), await createVhost(broker, "fresh")];
  for (const { name } of [vhost, other]) {
    await manage(broker, "PUT", `/api/exchanges/${name}/${eventsExchange}`, { type: "topic", durable: true });
    await client.create(secrets, brokerSecretManifest(namespace, name, broker, name));
  }
  const queue = `${namespace}.${tried}`;
  const policies = [queue, `${queue}.dead`, `${queue}/fast`].map((name) => `jobwright:${name}`);
  const operator = startCrashableOperator(kubeconfig, namespace, logFile);
  let spec: Spec = {};

  const apply = (name: string, secret: string) =>
    client.apply(jobQueues, jobQueueManifest(namespace, name, { ...spec, broker: { secretRef: { name: secret } } }), {
      fieldManager: "kubectl",
      force: true,
    });
  const edit = async (next: Spec) => {
    spec = next;
    await apply(tried, vhost.name);
  };
  const get = (name: string) => client.get<JobQueue>(jobQueues, name, namespace);
  const isReady = async (name: string) => expect(condition(await get(name), "Ready")).toMatch("Ready=True");

  await edit({});
  await eventually(() => isReady(tried));
  const traffic = startTraffic({
    seed,
    amqpUrl: vhost.amqpUrl,
    queue,
    async producerUri() {
      const secret = await client.get<Secret>(secrets, `${tried}-producer`, namespace);
      return decodeData(secret?.data).uri;
    },
  });

  /** As {@link manage}, which may be done again: a broker that has just come up does not answer everything at once. */
  const administer = (method: "GET" | "PUT" | "DELETE", where: string, body?: unknown) =>
    eventually(() => manage(broker, method, where, body));
  const path = (parts: readonly string[]) => parts.map(encodeURIComponent).join("/");
  const at = encodeURIComponent(vhost.name);
  const remove = ([kind = "", ...rest]: readonly string[]) => administer("DELETE", `/api/${kind}/${at}/${path(rest)}`);

  async function ownQueues(): Promise<string[]> {
    const all = (await administer("GET", `/api/queues/${at}?disable_stats=true`)) as { name: string }[];
    return all.map(({ name }) => name).filter((name) => name === delayParked || `${name}.`.startsWith(`${queue}.`));
  }

  async function deleteQueue(name: string): Promise<string | undefined> {
    // What is being moved into it at this moment would be lost with it. That is told only of a spec that is on the broker.
    const status = await eventually(async () => {
      const found = await get(tried);
      expect(found?.status?.observedGeneration).toBe(found?.metadata.generation);
      expect(condition(found, "Ready")).toMatch("Ready=True");
      return found?.status;
    });
    if (JSON.stringify(status).includes('"removing"')) return "left, since something is being moved";
    await traffic.pause();
    await traffic.collect(await ownQueues());
    await remove(["queues", name]);
    traffic.excuseOverdue();
    traffic.resume();
    return undefined;
  }

  async function alterPolicy(name: string): Promise<string | undefined> {
    const all = (await administer("GET", `/api/policies/${at}`)) as Record<string, unknown>[];
    const policy = all.find((one) => one.name === name) ?? all.find((one) => String(one.name).includes("efault"));
    if (policy === undefined) return "there is none";
    const definition = { ...(policy.definition as object), "delivery-limit": 77 };
    await administer("PUT", `/api/policies/${at}/${path([String(policy.name)])}`, { ...policy, definition });
    return String(policy.name);
  }

  async function restartBroker(step: Step & { do: "restart broker" }): Promise<undefined> {
    await (step.kill ? broker.killWithQueuesKept() : broker.stop());
    if (step.spec) await edit(step.spec);
    await sleep(step.downMs);
    await broker.start();
  }

  async function take(step: Step): Promise<string | undefined> {
    await sleep(step.afterMs);
    switch (step.do) {
      case "edit":
        await edit(step.spec);
        return undefined;
      case "edit and crash":
        await edit(step.spec);
        await sleep(step.crashAfterMs);
        await operator.crash();
        await sleep(step.downMs);
        operator.start();
        return undefined;
      case "crash operator":
        await operator.crash();
        await sleep(step.downMs);
        operator.start();
        return undefined;
      case "restart broker":
        return restartBroker(step);
      case "delete":
        await remove(step.path);
        return undefined;
      case "delete queue":
        return deleteQueue(step.queue);
      case "alter policy":
        return alterPolicy(step.policy);
      case "delete user":
        await administer("DELETE", `/api/users/${path([step.user])}`);
        return undefined;
      case "alter permissions":
        // There may be no such user now.
        await manage(broker, "PUT", `/api/permissions/${at}/${path([step.user])}`, {
          ...{ configure: "", write: ".*", read: "" },
        }).catch(() => {});
        return undefined;
    }
  }

  /** Without the ways of delayed jobs of lanes that were: they stay on purpose, and lead to where jobs of no lane come back to. */
  function withoutFormer(lines: readonly string[]): string[] {
    const name = `${namespace}.prop`;
    const current = ["", ...(spec.lanes ?? []).map((lane) => `.${lane.name}`)].map((end) =>
      delayBindingKey(name + end),
    );
    const isFormer = (line: string) =>
      line.startsWith("binding ") &&
      line.includes(`["source","${delayDeliveryExchange}"]`) &&
      !current.some((key) => line.includes(`["routing_key","${key}"]`));
    return lines.filter((line) => !isFormer(line));
  }

  return {
    ...{ queue, policies, traffic, operator, take },
    async applyFresh() {
      await apply(compared, other.name);
      await eventually(() => isReady(compared));
    },
    async listings() {
      await isReady(tried);
      const names = (text: string) => text.replaceAll(/prop[ab]/g, "prop");
      const [found, fresh] = await Promise.all([vhost, other].map(({ name }) => listTopology(broker, name, names)));
      return { found: withoutFormer(found ?? []), fresh: withoutFormer(fresh ?? []) };
    },
    async collect() {
      await traffic.collect(await ownQueues());
    },
    async [Symbol.asyncDispose]() {
      await traffic[Symbol.asyncDispose]();
      await operator[Symbol.asyncDispose]();
      await release(client, namespace);
      await client.delete(namespaces, namespace);
      client.close();
      await broker[Symbol.asyncDispose]();
    },
  };
}

/** The operator is gone by now: what it keeps would keep the namespace for ever. */
async function release(client: KubeClient, namespace: string): Promise<void> {
  for (const { metadata } of (await client.list(jobQueues, { namespace })).items) {
    await client.patch(jobQueues, metadata.name, namespace, { metadata: { finalizers: null } });
    await client.delete(jobQueues, metadata.name, namespace);
  }
}
