import { describe, expect, it } from "vitest";
import { deleteTopology, ensureTopology, isProvenEmpty, openBroker } from "../../../operator/src/broker/index.ts";
import { addressOf, createVhost, startPrivateBroker } from "../../broker/index.ts";
import { jobQueue } from "./fixture.ts";

describe("a queue without a leader", () => {
  it("is not taken for empty, and does not keep others from being found empty", { timeout: 180_000 }, async () => {
    await using server = await startPrivateBroker();
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
