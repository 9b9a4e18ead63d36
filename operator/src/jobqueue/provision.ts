import { parseDuration } from "@jobwright/worker-runtime/contract";
import type { JobQueue } from "../api/objects.ts";
import { type Broker, type Ensured, ensureUser, type JobQueueOnBroker, producerPermissions } from "../broker/index.ts";
import type { KubeClient } from "../kube/index.ts";
import { ensureBindingSecret } from "./binding-secret.ts";
import { readCounts } from "./counts.ts";
import { producerSecret, producerUser } from "./names.ts";
import type { Provisioned } from "./status.ts";

/** What a JobQueue asks of its broker, under its resolved name. */
export function onBroker({ spec }: JobQueue, name: string): JobQueueOnBroker {
  const { retention, maxLength } = spec.deadLetter;
  return {
    name,
    deliveryLimit: spec.deliveryLimit,
    deadLetter: { retentionMs: parseDuration(retention), ...(maxLength === undefined ? {} : { maxLength }) },
  };
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
