import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BrokerUnreachable,
  deleteTopology,
  ensureTopology,
  isProvenEmpty,
  openBroker,
  readDepth,
} from "../../../operator/src/broker/index.ts";
import { addressOf, createVhost, type PrivateBroker, startPrivateBroker } from "../../broker/index.ts";
import { jobQueue, publish, rawConnection } from "./fixture.ts";

let server: PrivateBroker;
beforeAll(async () => {
  server = await startPrivateBroker();
}, 180_000);
afterAll(() => server?.[Symbol.asyncDispose]());

describe("a queue without a leader", () => {
  it("is not taken for empty, and does not keep others from being found empty", { timeout: 180_000 }, async () => {
    const vhost = await createVhost(server, "leaderless");
    await using broker = openBroker(addressOf(server, vhost.name), "test");
    const others = Array.from({ length: 4 }, (_, index) => `media.other-${index}`);
    for (const name of [jobQueue.name, ...others]) await ensureTopology(broker, { ...jobQueue, name });
    await server.control("eval", `ra:stop_server(quorum_queues, {'${vhost.name}_${jobQueue.name}', node()}).`);

    const looks = Array.from({ length: 5 }, () =>
      Promise.all([
        expect(isProvenEmpty(broker, jobQueue.name)).rejects.toThrow(/has no leader/),
        ...others.map(async (name) => expect(await isProvenEmpty(broker, name)).toBe(true)),
      ]),
    );
    await Promise.all(looks);
    await deleteTopology(broker, others[0] ?? "");
  });
});

describe("a queue whose leader is late", () => {
  it("is not taken for empty: RabbitMQ says so itself after a quarter of a second", async () => {
    const vhost = await createVhost(server, "late");
    await using broker = openBroker(addressOf(server, vhost.name), "test");
    await ensureTopology(broker, jobQueue);
    await publish(await rawConnection(broker), "", jobQueue.name, 1);
    const depth = () => readDepth(broker.connection, jobQueue.name);
    const leader = `'${vhost.name}_${jobQueue.name}'`;
    await server.control("eval", `sys:suspend(${leader}).`);
    const told = () =>
      depth().then(
        (found) => found?.ready,
        (error: unknown) => error,
      );
    await expect.poll(told).toBeInstanceOf(BrokerUnreachable);
    await server.control("eval", `sys:resume(${leader}).`);
    await expect.poll(told).toBe(1);
  });
});
