import { z } from "zod";
import type { BrokerAddress } from "./address.ts";
import { BrokerUnsupported } from "./errors.ts";
import { type Management, segment } from "./management.ts";
import { notAdministrator, vhostAccessRefused, vhostMissing } from "./refusal.ts";

/** What differs by the broker's version, as far as it matters here. */
export interface BrokerFeatures {
  /** As the broker tells it, for example `4.0.5`. */
  readonly version: string;
  /**
   * From 4.0 a quorum queue gives up on a message after 20 deliveries unless told otherwise, and `delivery-limit: -1`
   * tells it otherwise. Before, there was no limit unless one was set, and negative ones are refused.
   */
  readonly unlimitedDeliveriesMustBeSaid: boolean;
  /** From 3.12 a policy can say how long a delivery may stay unacknowledged; before, only the broker's configuration. */
  readonly consumerTimeoutByPolicy: boolean;
  /** Before 4.0 consumers are told of their queue's deletion after a moment only, and not at all if it is made anew before. */
  readonly tellsDeletionLate: boolean;
}

const whoami = z.object({ tags: z.union([z.string().transform((tags) => tags.split(",")), z.array(z.string())]) });
const overview = z.object({ rabbitmq_version: z.string() });
const flags = z.array(z.object({ name: z.string(), state: z.string() }));

/**
 * Looks at a broker before anything is made on it: who we are, its version, its vhost.
 *
 * @throws NotAdministrator, VhostMissing, VhostAccessRefused, BrokerUnsupported, and what the management API's
 *   client throws.
 */
export async function inspectBroker(management: Management, address: BrokerAddress): Promise<BrokerFeatures> {
  const { tags } = whoami.parse(await management.get("whoami"));
  if (!tags.includes("administrator")) throw notAdministrator(address);
  const vhost = segment(address.vhost);
  const [about, found, permissions] = await Promise.all([
    management.get("overview?disable_stats=true"),
    management.find(`vhosts/${vhost}?disable_stats=true`),
    management.find(`permissions/${vhost}/${segment(address.username)}`),
  ]);
  if (found === undefined) throw vhostMissing(address);
  if (permissions === undefined) throw vhostAccessRefused(address);
  const { rabbitmq_version: version } = overview.parse(about);
  // From 3.12 on the flag is required to be on.
  const states = isBefore(version, 3, 12) ? flags.parse(await management.get("feature-flags")) : [];
  return brokerFeatures(version, new Map(states.map(({ name, state }) => [name, state])));
}

/** @throws BrokerUnsupported if jobs could be lost on this broker. */
export function brokerFeatures(version: string, flagStates: ReadonlyMap<string, string>): BrokerFeatures {
  if (isBefore(version, 3, 10)) {
    throw new BrokerUnsupported(`RabbitMQ is ${version}: Jobwright needs 3.10 or later; upgrade the broker`);
  }
  if (isBefore(version, 3, 12) && flagStates.get("stream_queue") !== "enabled") {
    throw new BrokerUnsupported(
      `RabbitMQ ${version} has its feature flag stream_queue off, without which dead-lettering can lose jobs: ` +
        "run rabbitmqctl enable_feature_flag stream_queue",
    );
  }
  return {
    version,
    unlimitedDeliveriesMustBeSaid: !isBefore(version, 4, 0),
    consumerTimeoutByPolicy: !isBefore(version, 3, 12),
    tellsDeletionLate: isBefore(version, 4, 0),
  };
}

function isBefore(version: string, major: number, minor: number): boolean {
  const [ofMajor = 0, ofMinor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return ofMajor < major || (ofMajor === major && ofMinor < minor);
}
