import type { BrokerAddress } from "../../operator/src/broker/index.ts";
import type { Broker } from "./server.ts";

/** How the operator's own code reaches a vhost of a broker, as its administrator. */
export function addressOf(broker: Broker, vhost: string): BrokerAddress {
  const { host, amqpPort: port, username, password, managementUrl } = broker;
  return { host, port, tls: false, username, password, vhost, managementUrl };
}
