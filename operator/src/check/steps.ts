import { jobQueues, workerPools } from "../api/objects.ts";
import { brokerAddress, openBroker } from "../broker/index.ts";
import type { Settings } from "../config.ts";
import { decodeData, type Secret } from "../credentials/secret-data.ts";
import { secrets } from "../kinds.ts";
import { isNotFound, type KubeClient, keeperOf } from "../kube/index.ts";
import type { Step } from "./outcomes.ts";

/** What must be so where an operator with these settings is installed, as far as its own rights reach. */
export function installationSteps(options: {
  readonly client: KubeClient;
  readonly settings: Pick<Settings, "namespace" | "watchNamespaces" | "leaderElect" | "defaultBrokerSecret">;
  readonly leaseName: string;
  /** Where its Service is; absent if it has none. */
  readonly url?: string | undefined;
}): Step[] {
  const { client, settings, leaseName, url } = options;
  const { namespace, watchNamespaces, leaderElect, defaultBrokerSecret } = settings;
  return [
    { what: "custom resources", look: () => customResources(client, watchNamespaces) },
    ...(url === undefined ? [] : [{ what: "operator", look: () => operatorReady(url) }]),
    ...(leaderElect ? [{ what: "leader", look: () => keeperOf(client, namespace, leaseName) }] : []),
    ...(defaultBrokerSecret ? [{ what: "broker", look: () => brokerAnswers(client, defaultBrokerSecret) }] : []),
  ];
}

async function customResources(client: KubeClient, namespaces: readonly string[] | undefined): Promise<string> {
  for (const kind of [jobQueues, workerPools]) {
    for (const namespace of namespaces ?? [undefined]) {
      await client.list(kind, { namespace }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
        throw new Error(
          `the API server does not serve ${kind.kind}s: apply the custom resource definitions (crds/), or install the chart with crds.enabled`,
        );
      });
    }
  }
  return `JobQueues and WorkerPools are served, and may be read in ${namespaces?.join(", ") ?? "all namespaces"}`;
}

async function operatorReady(url: string): Promise<string> {
  const answer = await fetch(new URL("/readyz", url), { signal: AbortSignal.timeout(5_000) }).catch(
    (error: unknown) => {
      throw new Error(
        `no pod of the operator answers at ${url} (${causeOf(error)}): see whether its pods are ready, and in their log why not`,
      );
    },
  );
  const said = await answer.text();
  if (!answer.ok) throw new Error(`${url} is not ready: ${said}`);
  return "ready";
}

async function brokerAnswers(
  client: KubeClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<string> {
  const secret = await client.get<Secret>(secrets, name, namespace);
  if (secret === undefined) {
    throw new Error(
      `Secret ${namespace}/${name} (the chart's broker.secretName) does not exist: create it with the keys host, port, username and password`,
    );
  }
  const address = brokerAddress({ secret: decodeData(secret.data) });
  await using broker = openBroker(address, "jobwright-check");
  const { version } = await broker.features();
  await (await broker.connection.channel()).close();
  return `RabbitMQ ${version} at ${address.host}:${address.port} lets "${address.username}" work in vhost "${address.vhost}"`;
}

/** fetch says nothing but "fetch failed"; why is in the error's cause. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
