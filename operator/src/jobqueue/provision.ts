import { parseDuration } from "@jobwright/worker-runtime/contract";
import { defaultProducer } from "../api/access.ts";
import type { JobQueue } from "../api/objects.ts";
import type { Broker, Ensured, JobQueueOnBroker } from "../broker/index.ts";
import { readCounts } from "./counts.ts";
import { eventBindingsOf } from "./event-bindings.ts";
import { type Leaving, placedQueues } from "./leaving-lanes.ts";
import { limitsOf } from "./limits.ts";
import { producerSecret } from "./names.ts";
import type { Provisioned } from "./status.ts";
import { unsupportedBy } from "./unsupported.ts";

/** What a JobQueue asks of its broker, under its resolved name. */
export function onBroker(jobQueue: JobQueue, name: string): JobQueueOnBroker {
  const { spec } = jobQueue;
  const { retention, maxLength } = spec.deadLetter;
  return {
    name,
    deliveryLimit: spec.deliveryLimit,
    maxJobDurationMs: parseDuration(spec.maxJobDuration),
    lanes: spec.lanes?.map((lane) => lane.name) ?? [],
    limits: limitsOf(jobQueue),
    bindings: eventBindingsOf(jobQueue),
    deadLetter: { retentionMs: parseDuration(retention), ...(maxLength === undefined ? {} : { maxLength }) },
  };
}

/** What status says of a queue that is on its broker. */
export async function describeProvision(
  broker: Broker,
  jobQueue: JobQueue,
  name: string,
  ensured: Ensured,
  leaving: readonly Leaving[],
): Promise<Provisioned> {
  const placed = placedQueues(ensured, leaving);
  const counted = placed.lanes.map(({ lane }) => lane);
  const [features, jobs] = await Promise.all([broker.features(), readCounts(broker, name, counted)]);
  return {
    name,
    broker: broker.address,
    vhost: broker.address.vhost,
    ...placed,
    brokerVersion: features.version,
    unsupported: unsupportedBy(features, jobQueue),
    bindingSecret: producerSecret(jobQueue.metadata, defaultProducer),
    jobs,
    policyOverridden: ensured.policyOverridden,
    bindings: ensured.eventBindings,
  };
}
