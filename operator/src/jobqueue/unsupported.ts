import type { JobQueue } from "../api/objects.ts";
import type { BrokerFeatures } from "../broker/index.ts";

/** What of a JobQueue's spec its broker cannot do, and what is to be done about it; a sentence each. */
export function unsupportedBy(features: BrokerFeatures, { spec }: JobQueue): string[] {
  if (features.consumerTimeoutByPolicy) return [];
  return [
    `maxJobDuration (${spec.maxJobDuration}) has no effect: RabbitMQ ${features.version} takes it from no policy, but from consumer_timeout in rabbitmq.conf (30 minutes unless set) for all queues: set it there, or upgrade to 3.12 or later.`,
  ];
}
