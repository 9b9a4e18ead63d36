import { describe, expect, it } from "vitest";
import { BrokerUnreachable, type Depth, openBroker, readDepths } from "../../../operator/src/broker/index.ts";
import { closeConnections, freshBroker, publish, rawChannel, rawConnection, servers } from "./fixture.ts";

describe.each(servers)("readDepths on RabbitMQ $version", (server) => {
  it("reads 120 queues of which some are missing, and tells these from empty ones", async () => {
    const broker = await freshBroker(server, "depth");
    const channel = await rawChannel(broker);
    const names = Array.from({ length: 120 }, (_, index) => `q${index}`);
    const missing = new Set(["q0", "q17", "q18", "q119"]);
    for (const name of names) if (!missing.has(name)) await channel.assertQueue(name, { durable: false });
    const connection = await rawConnection(broker);
    await publish(connection, "", "q1", 1);
    await publish(connection, "", "q1", 2);
    await channel.consume("q2", () => {}, { noAck: true });

    let depths = new Map<string, Depth | undefined>();
    const known = async () => {
      depths = await readDepths(broker.connection, names);
      return depths.size;
    };
    // Of one that takes its time nothing is known.
    await expect.poll(known).toBe(120);
    for (const name of missing) expect([depths.has(name), depths.get(name)]).toEqual([true, undefined]);
    expect(depths.get("q1")).toEqual({ ready: 2, consumers: 0 });
    expect(depths.get("q2")).toEqual({ ready: 0, consumers: 1 });
    expect([...depths.values()].filter((depth) => depth === undefined)).toHaveLength(missing.size);
  });

  it("does not count what a consumer holds", async () => {
    const broker = await freshBroker(server, "held");
    const channel = await rawChannel(broker);
    await channel.assertQueue("q", { arguments: { "x-queue-type": "quorum" } });
    for (const body of [1, 2, 3]) await publish(await rawConnection(broker), "", "q", body);
    await channel.get("q");
    await expect.poll(async () => (await readDepths(broker.connection, ["q"])).get("q")?.ready).toBe(2);
  });

  it("goes on after its connection was closed under it", async () => {
    const broker = await freshBroker(server, "closed");
    await (await rawChannel(broker)).assertQueue("q", { durable: false });
    await readDepths(broker.connection, ["q"]);
    await closeConnections(broker);
    const read = () =>
      readDepths(broker.connection, ["q"]).then(
        (depths) => depths.has("q"),
        () => false,
      );
    await expect.poll(read).toBe(true);
  });

  it("says at once that the broker cannot be reached, instead of waiting", async () => {
    const broker = await freshBroker(server, "away");
    await using away = openBroker({ ...broker.address, port: 1 }, "test");
    await expect(readDepths(away.connection, ["q"])).rejects.toThrow(BrokerUnreachable);
  });
});
