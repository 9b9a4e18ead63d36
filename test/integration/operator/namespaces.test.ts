import { pino } from "pino";
import { Registry } from "prom-client";
import { expect, onTestFinished, test } from "vitest";
import { type JobQueue, jobQueues, type WorkerPool, workerPools } from "../../../operator/src/api/objects.ts";
import { outcomesOf } from "../../../operator/src/check/outcomes.ts";
import { installationSteps } from "../../../operator/src/check/steps.ts";
import { deployments, secrets } from "../../../operator/src/kinds.ts";
import { createKubeClient, type KubeClient, loadKubeConfig } from "../../../operator/src/kube/index.ts";
import { createOperator } from "../../../operator/src/operator.ts";
import { readCluster } from "../../cluster/index.ts";
import { render } from "../chart/render.ts";
import { kubectl } from "./kubectl.ts";
import { brokerSecretManifest, jobQueueManifest, workerPoolManifest } from "./manifests.ts";
import { condition, namespaces } from "./scene.ts";
import { createVhostView } from "./vhost-view.ts";

const cluster = readCluster();
const prefix = `ns-${crypto.randomUUID().slice(0, 8)}`;
/** Where the operator is installed, two that it works for, and one that is none of its business. */
const [own, first, second, others] = ["own", "first", "second", "others"].map((name) => `${prefix}-${name}`) as [
  string,
  string,
  string,
  string,
];
const watchNamespaces = [first, second];
const defaultBrokerSecret = { namespace: own, name: "rabbitmq" };

/** A client with the rights that the chart gives to a release which works for these namespaces. */
async function asInstalled(onRefused: (what: string) => void): Promise<KubeClient> {
  const values = { broker: { secretName: defaultBrokerSecret.name }, watchNamespaces, crds: { enabled: false } };
  const rights = render(values, own).filter(({ kind }) => /^(Role|RoleBinding|ServiceAccount)$/.test(kind));
  const applied = await kubectl(["apply", "-f", "-"], { apiVersion: "v1", kind: "List", items: rights });
  expect(applied.stderr).toBe("");
  const { stdout: token } = await kubectl(["create", "token", "jw-jobwright", "--namespace", own]);
  const config = loadKubeConfig({ file: cluster.kubeconfig });
  const target = config.getCurrentCluster();
  if (target === null) throw new Error("the kubeconfig names no cluster");
  config.loadFromClusterAndUser(target, { name: "jw-jobwright", token: token.trim() });
  await haveEffect(createKubeClient(config));
  return createKubeClient(config, {
    onAnswer: ({ status, method, path }) => status === 403 && onRefused(`${method} ${path}`),
  });
}

/** The API server heeds rights a moment after they were made. */
async function haveEffect(client: KubeClient): Promise<void> {
  const use = () => [
    client.get(secrets, defaultBrokerSecret.name, own),
    ...watchNamespaces.map((namespace) => client.list(jobQueues, { namespace })),
  ];
  await expect.poll(() => Promise.all(use()).then(() => "allowed", String)).toBe("allowed");
  client.close();
}

test("an operator for some namespaces works there with Roles alone, and leaves others alone", async () => {
  const admin = createKubeClient(loadKubeConfig({ file: cluster.kubeconfig }));
  const server = cluster.broker();
  const broker = await createVhostView(server, prefix);
  for (const name of [own, first, second, others]) await admin.create(namespaces, { metadata: { name } });
  await admin.create(secrets, brokerSecretManifest(own, "rabbitmq", server, broker.vhost));
  const refused: string[] = [];
  const client = await asInstalled((what) => refused.push(what));
  const operator = createOperator({
    ...{ client, namespaces: watchNamespaces, sources: { defaultBrokerSecret, allowedVhosts: [] } },
    ...{ resyncMs: 60_000, identity: "operator-under-test", registry: new Registry(), log: pino({ level: "silent" }) },
  });
  onTestFinished(async () => {
    for (const namespace of watchNamespaces) await admin.delete(workerPools, "jobs", namespace);
    for (const namespace of watchNamespaces) await admin.delete(jobQueues, "jobs", namespace);
    const left = async () => {
      const kinds = [jobQueues, workerPools];
      const found = watchNamespaces.flatMap((namespace) => kinds.map((kind) => admin.get(kind, "jobs", namespace)));
      return (await Promise.all(found)).filter((one) => one !== undefined);
    };
    await expect.poll(left).toEqual([]);
    await operator.stop();
    for (const name of [own, first, second, others]) await admin.delete(namespaces, name);
    await broker[Symbol.asyncDispose]();
    client.close();
    admin.close();
  });

  for (const namespace of [others, first, second]) {
    await admin.create(jobQueues, jobQueueManifest(namespace, "jobs", { broker: undefined, deletionPolicy: "Delete" }));
    await admin.create(workerPools, workerPoolManifest(namespace, "jobs"));
  }
  operator.watch();
  await operator.lead(new AbortController().signal);

  for (const namespace of watchNamespaces) {
    const queue = () => admin.get<JobQueue>(jobQueues, "jobs", namespace);
    await expect.poll(async () => condition(await queue(), "Ready")).toMatch(/^Ready=True/);
    await expect.poll(() => admin.get(deployments, "jobs", namespace)).toBeDefined();
  }
  const [queue, pool] = await Promise.all([
    admin.get<JobQueue>(jobQueues, "jobs", others),
    admin.get<WorkerPool>(workerPools, "jobs", others),
  ]);
  for (const left of [queue, pool]) {
    // What the API server itself says of an object that nobody has looked at.
    expect(left?.status?.observedGeneration).toBe(-1);
    expect(left?.metadata.finalizers).toBeUndefined();
  }
  expect(refused).toEqual([]);

  const settings = { namespace: own, watchNamespaces, leaderElect: false, defaultBrokerSecret };
  const outcomes = await outcomesOf(installationSteps({ client, settings, leaseName: "none" }), 60_000);
  expect(outcomes.map(({ line }) => line)).toEqual([
    `ok      custom resources: JobQueues and WorkerPools are served, and may be read in ${first}, ${second}`,
    expect.stringMatching(/^ok {6}broker: RabbitMQ .* in vhost/),
  ]);
});
