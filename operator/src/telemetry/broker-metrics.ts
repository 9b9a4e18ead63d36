import type { Registry } from "prom-client";
import { type Broker, brokerApis } from "../broker/index.ts";
import { registerAtScrape } from "./at-scrape.ts";

/** What is told of: which broker it is, and what the latest attempts to talk to it came to. */
export type BrokerSeen = Pick<Broker, "contacts"> & {
  readonly address: Pick<Broker["address"], "host" | "port" | "vhost">;
};

const labelNames = ["host", "port", "vhost", "api"];

/** Reports on every broker that some object uses, from what is asked of it anyway: each some 15 s at least. */
export function reportBrokers(registry: Registry, brokers: () => Iterable<BrokerSeen>): void {
  /** One whose password was changed is open twice for a while: the newer comes last, and is told of. */
  function* contacts() {
    for (const { address, contacts } of brokers()) {
      const { host, port, vhost } = address;
      for (const api of brokerApis) yield [{ host, port: `${port}`, vhost, api }, contacts[api]] as const;
    }
  }
  registerAtScrape(registry, {
    name: "jobwright_broker_up",
    help: "1 if the latest attempt to talk to this RabbitMQ succeeded, 0 if it could not be reached or refused the operator; absent before the first attempt.",
    labelNames,
    *read() {
      for (const [labels, { up }] of contacts()) if (up !== undefined) yield [labels, Number(up)];
    },
  });
  registerAtScrape(registry, {
    name: "jobwright_broker_last_contact_timestamp_seconds",
    help: "When this RabbitMQ last answered the operator; absent before it first has.",
    labelNames,
    *read() {
      for (const [labels, { lastMs }] of contacts()) if (lastMs !== undefined) yield [labels, lastMs / 1000];
    },
  });
}
