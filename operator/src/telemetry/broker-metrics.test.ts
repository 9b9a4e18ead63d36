import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { type BrokerSeen, reportBrokers } from "./broker-metrics.ts";

test("tells of each API of a broker that was tried, and of no broker that nobody uses any more", async () => {
  const registry = new Registry();
  const address = { host: "rabbit", port: 5672, vhost: "/" };
  const never = { up: undefined, lastMs: undefined };
  const before = { address, contacts: { amqp: never, management: { up: true, lastMs: 2_000 } }, delays: undefined };
  const newer = { ...before, contacts: { amqp: never, management: { up: false, lastMs: 3_000 } } };
  let open: BrokerSeen[] = [before, newer];
  reportBrokers(registry, () => open);
  const lines = async () => (await registry.metrics()).split("\n").filter((line) => line.startsWith("jobwright"));
  expect(await lines()).toEqual([
    'jobwright_broker_up{host="rabbit",port="5672",vhost="/",api="management"} 0',
    'jobwright_broker_last_contact_timestamp_seconds{host="rabbit",port="5672",vhost="/",api="management"} 3',
  ]);
  open = [];
  expect(await lines()).toEqual([]);
});

test("tells what is on the delay fabric, where it is known", async () => {
  const registry = new Registry();
  const never = { up: undefined, lastMs: undefined };
  const contacts = { amqp: never, management: never };
  const levels = [
    { level: 0, waiting: 1, overdue: 2 },
    { level: 4, waiting: 7, overdue: 0 },
  ];
  const known = { address: { host: "rabbit", port: 5672, vhost: "/" }, contacts };
  const brokers: BrokerSeen[] = [
    { ...known, delays: { levels, parked: 3, stuckSeconds: 12.5 } },
    { ...known, address: { ...known.address, vhost: "silent" }, delays: undefined },
  ];
  reportBrokers(registry, () => brokers);
  const lines = (await registry.metrics()).split("\n").filter((line) => line.startsWith("jobwright"));
  const at = 'host="rabbit",port="5672",vhost="/"';
  expect(lines).toEqual([
    `jobwright_broker_delayed_jobs{${at},level="0",state="waiting"} 1`,
    `jobwright_broker_delayed_jobs{${at},level="0",state="overdue"} 2`,
    `jobwright_broker_delayed_jobs{${at},level="4",state="waiting"} 7`,
    `jobwright_broker_delayed_jobs{${at},level="4",state="overdue"} 0`,
    `jobwright_broker_delays_stuck_seconds{${at}} 12.5`,
    `jobwright_broker_parked_jobs{${at}} 3`,
  ]);
});
