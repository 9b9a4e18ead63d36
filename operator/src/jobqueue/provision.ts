import { parseDuration } from "@jobwright/worker-runtime/contract";
import type { JobQueue } from "../api/objects.ts";
import { type Broker, type Ensured, ensureUser, type JobQueueOnBroker, producerPermissions } from "../broker/index.ts";
import { ensureBindingSecret } from "../credentials/binding-secret.ts";
import type { KubeClient } from "../kube/index.ts";
import { readCounts } from "./counts.ts";
import type { Leaving } from "./leaving-lanes.ts";
import { producerSecret, producerUser } from "./names.ts";
import { schemasOf } from "./schemas.ts";
import type { Provisioned } from "./status.ts";
import { unsupportedBy } from "./unsupported.ts";

/** What a JobQueue asks of its broker, under its resolved name. */
export function onBroker({ spec }: JobQueue, name: string): JobQueueOnBroker {
  const { retention, maxLength } = spec.deadLetter;
  return {
    name,
    deliveryLimit: spec.deliveryLimit,
    maxJobDurationMs: parseDuration(spec.maxJobDuration),
    lanes: spec.lanes?.map((lane) => lane.name) ?? [],
    deadLetter: { retentionMs: parseDuration(retention), ...(maxLength === undefined ? {} : { maxLength }) },
  };
}

/**
 * Gives the default producer its user on the broker, and the Secret to connect with.
 *
 * @param lanes those on the broker.
 * @throws Problem if a schema is wrong, before anything is written.
 */
export async function provisionProducer(
  client: KubeClient,
  broker: Broker,
  jobQueue: JobQueue,
  name: string,
  lanes: readonly string[],
): Promise<void> {
  const schemas = schemasOf(jobQueue);
  const { maxMessageBytes } = jobQueue.spec.limits ?? {};
  const user = await ensureBindingSecret(client, {
    owner: jobQueue,
    name: producerSecret(jobQueue),
    username: producerUser(jobQueue),
    address: broker.address,
    queue: name,
    facts: {
      ...(Object.keys(schemas).length > 0 && { schemas: JSON.stringify(schemas) }),
      ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
    },
  });
  await ensureUser(broker, {
    name: user.username,
    password: user.password,
    permissions: producerPermissions({ queueName: name, lanes }),
  });
}

/** What status says of a queue that is on its broker. */
export async function describeProvision(
  broker: Broker,
  jobQueue: JobQueue,
  name: string,
  ensured: Ensured,
  leaving: readonly Leaving[],
): Promise<Provisioned> {
  const { serving } = ensured.lanes;
  const lanes = [...serving.map((lane) => ({ lane })), ...leaving];
  const counted = lanes.map(({ lane }) => lane);
  const [features, jobs] = await Promise.all([broker.features(), readCounts(broker, name, counted)]);
  return {
    name,
    broker: broker.address,
    vhost: broker.address.vhost,
    lanes,
    brokerVersion: features.version,
    unsupported: unsupportedBy(features, jobQueue),
    bindingSecret: producerSecret(jobQueue),
    jobs,
    policyOverridden: ensured.policyOverridden,
  };
}
