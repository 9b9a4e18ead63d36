import { parseDuration } from "@jobwright/worker-runtime/contract";
import type { JobQueue } from "../api/objects.ts";
import { type Broker, type Ensured, ensureTopology, ensureUser, producerPermissions } from "../broker/index.ts";
import type { KubeClient } from "../kube/index.ts";
import { ensureBindingSecret } from "./binding-secret.ts";
import { readCounts } from "./counts.ts";
import { producerSecret, producerUser } from "./names.ts";
import type { Provisioned } from "./status.ts";

/** Puts a JobQueue's topology on its broker. Reads only, if all is there. */
export async function provisionTopology(broker: Broker, jobQueue: JobQueue, name: string): Promise<Ensured> {
  const { retention, maxLength } = jobQueue.spec.deadLetter;
  return ensureTopology(broker, {
    name,
    deliveryLimit: jobQueue.spec.deliveryLimit,
    deadLetter: { retentionMs: parseDuration(retention), ...(maxLength === undefined ? {} : { maxLength }) },
  });
}

/** Gives the default producer its user on the broker, and the Secret to connect with. */
export async function provisionProducer(
  client: KubeClient,
  broker: Broker,
  jobQueue: JobQueue,
  name: string,
): Promise<void> {
  const user = await ensureBindingSecret(client, {
    owner: jobQueue,
    name: producerSecret(jobQueue),
    username: producerUser(jobQueue),
    address: broker.address,
    queue: name,
  });
  await ensureUser(broker, {
    name: user.username,
    password: user.password,
    permissions: producerPermissions({ queueName: name }),
  });
}

/** What status says of a queue that is on its broker. */
export async function describeProvision(
  broker: Broker,
  jobQueue: JobQueue,
  name: string,
  ensured: Ensured,
): Promise<Provisioned> {
  const [{ version }, jobs] = await Promise.all([broker.features(), readCounts(broker, name)]);
  return {
    name,
    vhost: broker.address.vhost,
    brokerVersion: version,
    bindingSecret: producerSecret(jobQueue),
    jobs,
    policyOverridden: ensured.policyOverridden,
  };
}
