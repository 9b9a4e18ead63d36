import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { type BrokerSeen, reportBrokers } from "./broker-metrics.ts";

test("tells of each API of a broker that was tried, and of no broker that nobody uses any more", async () => {
  const registry = new Registry();
  const address = { host: "rabbit", port: 5672, vhost: "/" };
  const never = { up: undefined, lastMs: undefined };
  const before = { address, contacts: { amqp: never, management: { up: true, lastMs: 2_000 } } };
  const newer = { address, contacts: { amqp: never, management: { up: false, lastMs: 3_000 } } };
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
