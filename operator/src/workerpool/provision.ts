import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { configurationPath, type WorkerConfiguration } from "@jobwright/worker-runtime/contract";
import type { WorkerPool } from "../api/objects.ts";
import { type Broker, ensureUser, poolPermissions } from "../broker/index.ts";
import { ensureBindingSecret } from "../credentials/binding-secret.ts";
import { refuseForeign } from "../foreign.ts";
import { configMaps } from "../kinds.ts";
import { type KubeClient, type KubeObject, ownerReference } from "../kube/index.ts";
import { fieldManager, managedBy } from "../ownership.ts";
import { brokerUser, childNames } from "./names.ts";

interface ConfigMap extends KubeObject {
  data: Record<string, string>;
}

/**
 * Gives the pool's workers their user on the broker, with just what they need, and the Secret to connect with.
 *
 * @param lanes those on the broker; of one that leaves, a worker that was started before may still have jobs.
 */
export async function provisionCredentials(
  client: KubeClient,
  broker: Broker,
  pool: WorkerPool,
  queue: string,
  lanes: readonly string[],
): Promise<void> {
  const { namespace, name } = pool.metadata;
  const user = await ensureBindingSecret(client, {
    owner: pool,
    name: childNames(name).credentials,
    username: brokerUser(namespace, name),
    address: broker.address,
    queue,
  });
  await ensureUser(broker, {
    name: user.username,
    password: user.password,
    permissions: poolPermissions({ queueName: queue, lanes, namespace, pool: name }),
  });
}

/**
 * Keeps the workers' configuration in a ConfigMap that they mount. Writes only what differs.
 *
 * @throws Problem ConfigMapTaken
 */
export async function provisionConfiguration(
  client: KubeClient,
  pool: WorkerPool,
  configuration: WorkerConfiguration,
): Promise<void> {
  const { namespace, name } = pool.metadata;
  const existing = await client.get<ConfigMap>(configMaps, childNames(name).configuration, namespace);
  refuseForeign(existing, "ConfigMap", pool);
  const data = { [basename(configurationPath)]: JSON.stringify(configuration, null, 2) };
  if (isDeepStrictEqual(existing?.data, data)) return;
  await client.apply<ConfigMap>(
    configMaps,
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: childNames(name).configuration,
        namespace,
        labels: managedBy,
        ownerReferences: [ownerReference(pool, { controller: true, blockOwnerDeletion: true })],
      },
      data,
    },
    { fieldManager, force: true },
  );
}
