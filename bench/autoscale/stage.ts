import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JobQueue, jobQueues, workerPools } from "../../operator/src/api/objects.ts";
import { secrets } from "../../operator/src/kinds.ts";
import { createKubeClient, type KubeClient, loadKubeConfig } from "../../operator/src/kube/index.ts";
import { type Broker, createVhost, type Vhost } from "../../test/broker/index.ts";
import { nodeAddress } from "../../test/cluster/addresses.ts";
import { readCluster } from "../../test/cluster/index.ts";
import { kubectl } from "../../test/e2e/kubectl.ts";
import { type Recorder, startRecorder } from "../../test/e2e/recorder.ts";
import { until } from "../../test/e2e/until.ts";
import installCustomResources from "../../test/integration/operator/custom-resources.ts";
import { brokerSecretManifest, brokerSecretName, jobQueueManifest } from "../../test/integration/operator/manifests.ts";
import { namespaces } from "../../test/integration/operator/scene.ts";
import { type CountingProxy, startCountingProxy } from "../harness/counting-proxy.ts";
import { refuseCompany } from "../queues/company.ts";
import { buildOperator, startOperatorProcess } from "../queues/operator-process.ts";
import { startKeda } from "./keda/start.ts";
import { buildWorkerImage } from "./worker.ts";

/** The cluster's broker, its API server, and those who scale: Jobwright's operator and KEDA, side by side. */
export interface Stage extends AsyncDisposable {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly broker: Broker;
  readonly vhost: Vhost;
  /** The broker as all but the producer know it. */
  readonly proxy: CountingProxy;
  readonly recorder: Recorder;
  /** The workers' image. */
  readonly image: string;
  /** Applies a JobQueue and waits until it is on the broker. @returns its name there. */
  applyQueue(name: string): Promise<string>;
}

/** @param withKeda whether a subject needs it. */
export async function openStage(withKeda: boolean): Promise<Stage> {
  const { kubeconfig, broker: brokerOf } = readCluster();
  const broker = brokerOf();
  if (broker.podHost === undefined) throw new Error("this bench needs a cluster whose pods reach this machine");
  const bundle = await buildOperator();
  const image = await buildWorkerImage();
  const folder = mkdtempSync(join(tmpdir(), "jobwright-bench-autoscale-"));
  const namespace = `bench-${crypto.randomUUID().slice(0, 8)}`;

  await using undo = new AsyncDisposableStack();
  const client = createKubeClient(loadKubeConfig({ file: kubeconfig }));
  undo.defer(() => client.close());
  await refuseCompany(client);
  undo.defer(await installCustomResources());
  const vhost = undo.use(await createVhost(broker, "autoscale"));
  const proxy = undo.use(await startCountingProxy(nodeAddress, broker));
  const recorder = undo.use(await startRecorder(broker.podHost));
  await client.create(namespaces, { metadata: { name: namespace } });
  undo.defer(() => client.delete(namespaces, namespace));
  const operator = await startOperatorProcess({
    ...{ bundle, kubeconfig, namespace },
    logFile: join(folder, "operator.log"),
  });
  undo.defer(() => operator.stop());
  undo.defer(() => removeAll(namespace));
  await client.create(
    secrets,
    brokerSecretManifest(namespace, brokerSecretName, broker, vhost.name, {
      host: nodeAddress,
      port: `${proxy.amqpPort}`,
      "management-uri": proxy.managementUrl,
    }),
  );
  await operator.until("the operator leads", 60_000, ({ leads }) => leads);
  if (withKeda) undo.use(await startKeda({ kubeconfig, namespace, folder }));

  const all = undo.move();
  return {
    ...{ client, namespace, broker, vhost, proxy, recorder, image },
    async applyQueue(name) {
      await client.apply(jobQueues, jobQueueManifest(namespace, name, { deletionPolicy: "Delete" }), {
        fieldManager: "kubectl",
        force: true,
      });
      const { status } = await until(`JobQueue ${name} is ready`, async () => {
        const found = await client.get<JobQueue>(jobQueues, name, namespace);
        return found?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") && found;
      });
      if (status?.queue === undefined) throw new Error(`JobQueue ${name} is ready and its status names no queue`);
      return status.queue;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** What has finalizers must go while its operator still runs. */
async function removeAll(namespace: string): Promise<void> {
  await kubectl("delete", "deployments", "--all", "-n", namespace);
  const kinds = [workerPools, jobQueues].map(({ plural, group }) => `${plural}.${group}`).join(",");
  await kubectl("delete", kinds, "--all", "-n", namespace, "--timeout=60s");
}
