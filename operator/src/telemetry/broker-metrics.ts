import type { Registry } from "prom-client";
import { type Broker, brokerApis } from "../broker/index.ts";
import { registerAtScrape } from "./at-scrape.ts";

/** What is told of: which broker it is, what the latest attempts to talk to it came to, and its delay fabric. */
export type BrokerSeen = Pick<Broker, "contacts" | "delays"> & {
  readonly address: Pick<Broker["address"], "host" | "port" | "vhost">;
};

const placeLabels = ["host", "port", "vhost"];
const labelNames = [...placeLabels, "api"];

/** Reports on every broker that some object uses, from what is asked of it anyway: each some 15 s at least. */
export function reportBrokers(registry: Registry, brokers: () => Iterable<BrokerSeen>): void {
  /** One whose password was changed is open twice for a while: the newer comes last, and is told of. */
  function* contacts() {
    for (const { address, contacts } of brokers()) {
      for (const api of brokerApis) yield [{ ...placeOf(address), api }, contacts[api]] as const;
    }
  }
  function* delays() {
    for (const { address, delays } of brokers()) if (delays !== undefined) yield [placeOf(address), delays] as const;
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
  registerAtScrape(registry, {
    name: "jobwright_broker_delayed_jobs",
    help: "Retries and jobs with a delay, of all JobQueues of the vhost, by level of the delay queues (level n holds a job for 2ⁿ s, and a delay is a walk through some levels) and by state: waiting, and overdue, whose time on the level is over and which RabbitMQ has yet to move on. Counted each 15 s; absent while the broker cannot be reached.",
    labelNames: [...placeLabels, "level", "state"],
    *read() {
      for (const [place, { levels }] of delays()) {
        for (const { level, ...jobs } of levels) {
          for (const [state, count] of Object.entries(jobs)) yield [{ ...place, level: `${level}`, state }, count];
        }
      }
    },
  });
  registerAtScrape(registry, {
    name: "jobwright_broker_delays_stuck_seconds",
    help: "For how long overdue jobs have not become fewer, on the level where that is longest. Half a minute is usual under load; minutes mean that RabbitMQ does not move jobs on when their delay is over.",
    labelNames: placeLabels,
    *read() {
      for (const [place, { stuckSeconds }] of delays()) yield [place, stuckSeconds];
    },
  });
  registerAtScrape(registry, {
    name: "jobwright_broker_parked_jobs",
    help: "Jobs whose delay is over and whose queue is gone. They go to a JobQueue of that name as soon as there is one.",
    labelNames: placeLabels,
    *read() {
      for (const [place, { parked }] of delays()) yield [place, parked];
    },
  });
}

function placeOf({ host, port, vhost }: BrokerSeen["address"]) {
  return { host, port: `${port}`, vhost };
}
