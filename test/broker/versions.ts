/** RabbitMQ's versions that Jobwright is tested on: the oldest and the newest supported. */
export const brokerVersions = ["4.0", "3.10"] as const;
export type BrokerVersion = (typeof brokerVersions)[number];

export const defaultBrokerVersion: BrokerVersion = "4.0";

export interface BrokerPlan {
  /** The Debian release whose archive holds this version. */
  suite: string;
  amqpPort: number;
  managementPort: number;
  prometheusPort: number;
  distributionPort: number;
  /** Erlang's name daemon: each broker has its own, so that stopping one touches no other Erlang program. */
  epmdPort: number;
}

// None is a port that a RabbitMQ of the developer's own would use, and no two brokers share one.
export const brokerPlans: Record<BrokerVersion, BrokerPlan> = {
  "4.0": {
    suite: "trixie",
    amqpPort: 5640,
    managementPort: 15640,
    prometheusPort: 15740,
    distributionPort: 25640,
    epmdPort: 4640,
  },
  "3.10": {
    suite: "bookworm",
    amqpPort: 5610,
    managementPort: 15610,
    prometheusPort: 15710,
    distributionPort: 25610,
    epmdPort: 4610,
  },
};

/**
 * Reads a version as a user writes it.
 * @throws when it is none of {@link brokerVersions}.
 */
export function parseBrokerVersion(text: string): BrokerVersion {
  const version = brokerVersions.find((known) => known === text);
  if (version === undefined) {
    throw new Error(`RabbitMQ ${text} is not offered here: expected one of ${brokerVersions.join(", ")}`);
  }
  return version;
}

/** `4.0` → `40`: the version as it stands in process names and environment variables. */
export function compactVersion(version: BrokerVersion): string {
  return version.replace(".", "");
}
