import type { BrokerFeatures } from "./features.ts";
import type { JobQueueOnBroker, Policy } from "./topology.ts";

/** What a JobQueue's user may change on live queues: it is in policies. */
export type Settings = Pick<JobQueueOnBroker, "deliveryLimit" | "maxJobDurationMs" | "deadLetter">;

/** The defaults of the JobQueue resource: what shared policies say. A test compares them with the resource's schema. */
export const defaultSettings = {
  deliveryLimit: 20,
  maxJobDurationMs: 30 * 60_000,
  deadLetter: { retentionMs: 336 * 3_600_000 },
} satisfies Settings;

/** The settings of every queue that jobs wait in, as a policy's definition. */
export function workSettings({ deliveryLimit, maxJobDurationMs }: Settings, features: BrokerFeatures) {
  return {
    "delivery-limit": deliveryLimit,
    ...(features.consumerTimeoutByPolicy && maxJobDurationMs !== undefined
      ? { "consumer-timeout": maxJobDurationMs }
      : {}),
  } satisfies Policy["definition"];
}

/** The settings of a dead-letter queue, as a policy's definition. */
export function deadLetterSettings({ deadLetter }: Settings, features: BrokerFeatures) {
  return {
    "message-ttl": deadLetter.retentionMs,
    ...(deadLetter.maxLength === undefined ? {} : { "max-length": deadLetter.maxLength }),
    // Letters that are browsed often must not be dropped for it.
    ...(features.unlimitedDeliveriesMustBeSaid ? { "delivery-limit": -1 } : {}),
  } satisfies Policy["definition"];
}
