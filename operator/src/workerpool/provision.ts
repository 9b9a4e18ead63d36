import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { configurationPath, type WorkerConfiguration } from "@jobwright/worker-runtime/contract";
import type { Credentials } from "../api/access.ts";
import type { WorkerPool } from "../api/objects.ts";
import { type Broker, deleteUser, ensureUser, poolPermissions } from "../broker/index.ts";
import { deleteBindingSecret, ensureBinding } from "../credentials/binding-secret.ts";
import { generationOf } from "../credentials/rotation.ts";
import { refuseForeign } from "../foreign.ts";
import { configMaps } from "../kinds.ts";
import { type KubeClient, type KubeObject, ownerReference } from "../kube/index.ts";
import { fieldManager, managedBy } from "../ownership.ts";
import { childNames, workerSecret } from "./names.ts";
import type { Grant } from "./publish-to.ts";

interface ConfigMap extends KubeObject {
  data: Record<string, string>;
}

/**
 * Gives the pool's workers their user on the broker, with just what they need, and the Secret to connect with. Earlier
 * users, which workers may still have, get to do the same.
 *
 * @param lanes those on the broker; of one that leaves, a worker that was started before may still have jobs.
 * @param publishTo the other queues that they may enqueue to.
 * @throws Problem SecretTaken
 */
export async function provisionCredentials(
  client: KubeClient,
  broker: Broker,
  pool: WorkerPool,
  { user, secretName, retiring = [] }: Credentials,
  queue: string,
  lanes: readonly string[],
  publishTo: readonly Grant[],
): Promise<void> {
  const { namespace, name } = pool.metadata;
  const permissions = poolPermissions({ queueName: queue, lanes, namespace, pool: name, publishTo });
  await ensureBinding(client, {
    ...{ owner: pool, name: secretName, username: user, address: broker.address, queue },
    ensureUser: ({ username, password }) => ensureUser(broker, { name: username, password, permissions }),
  });
  for (const earlier of retiring) await ensureUser(broker, { name: earlier.user, password: undefined, permissions });
}

/** Takes an earlier user of the pool off the broker, and then its Secret, which nobody mounts any more. */
export async function retireUser(client: KubeClient, broker: Broker, pool: WorkerPool, user: string): Promise<void> {
  await deleteUser(broker, user);
  await deleteBindingSecret(client, pool, workerSecret(pool.metadata.name, generationOf(user)));
}

/**
 * Keeps the workers' configuration in a ConfigMap that they mount. Writes only what differs; for a paused pool only what is
 * missing, since a worker that restarts would read what others do not know.
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
  if (isDeepStrictEqual(existing?.data, data) || (existing !== undefined && pool.spec.paused)) return;
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
