import {
  delayBindingKey,
  delayDeliveryExchange,
  delayEntryExchange,
  delayRoutingKey,
} from "@jobwright/worker-runtime/contract";
import { expect, test } from "vitest";
import { ensureTopology, observeQuiet } from "../../../operator/src/broker/index.ts";
import { newTotals } from "../../../operator/src/broker/totals.ts";
import { freshBroker, jobQueue, publish, rawConnection, servers } from "./fixture.ts";

test.each(servers)(
  "jobs whose delay is over, and that RabbitMQ $version does not move on, are told of",
  async (server) => {
    const broker = await freshBroker(server, "overdue");
    await ensureTopology(broker, jobQueue);
    const connection = await rawConnection(broker);
    const channel = await connection.createChannel();
    // Takes nothing, so that what comes for it stays on the last level.
    await channel.assertQueue("media.full", { arguments: { "x-max-length": 0, "x-overflow": "reject-publish" } });
    await channel.bindQueue("media.full", delayDeliveryExchange, delayBindingKey("media.full"));
    const delay = (seconds: number, target: string) =>
      publish(connection, delayEntryExchange, delayRoutingKey(seconds * 1000, target), seconds);
    await delay(1, "media.full");
    await delay(1, "media.gone");
    await delay(1, jobQueue.name);
    await delay(2 ** 20, jobQueue.name);

    const seen = async () => {
      await newTotals(broker);
      const { levels = [], parked } = broker.delays ?? {};
      return { parked, levels: levels.filter(({ waiting, overdue }) => waiting + overdue > 0) };
    };
    await expect.poll(seen).toEqual({
      parked: 1,
      levels: [
        { level: 0, waiting: 0, overdue: 1 },
        { level: 20, waiting: 1, overdue: 0 },
      ],
    });
    const stuckSeconds = async () => {
      await newTotals(broker);
      return broker.delays?.stuckSeconds;
    };
    await expect.poll(stuckSeconds).toBeGreaterThan(0);
    // Whose it is cannot be seen, so that no queue passes for empty.
    await expect.poll(() => observeQuiet(broker, jobQueue.name)).toEqual({ ready: 1, unacked: 0, delayed: 2 });
  },
);
