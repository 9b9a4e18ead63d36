import { expect, test, vi } from "vitest";
import { silentLogger } from "../../../operator/src/kube/index.ts";
import { readPoolDepths } from "../../../operator/src/workerpool/depths.ts";
import { freshBroker, rawChannel, servers } from "../broker/fixture.ts";

test.each(servers)("of many pools at zero one listing tells which have no jobs, RabbitMQ $version", async (server) => {
  const broker = await freshBroker(server, "listed");
  const channel = await rawChannel(broker);
  const pools = Array.from({ length: 12 }, (_, number) => ({
    ...{ name: `jobs-${number}`, mayBeListed: true, queues: [`ns.jobs-${number}`] as const },
  }));
  const [gone, busy, ...idle] = pools;
  for (const { queues } of pools.slice(1)) {
    await channel.assertQueue(queues[0], { durable: true, arguments: { "x-queue-type": "quorum" } });
  }
  // Not by the JobQueue's exchange, so that nothing pushes it.
  channel.sendToQueue("ns.jobs-1", Buffer.from("{}"));

  const missing: string[] = [];
  await vi.waitFor(
    async () => {
      const depths = await readPoolDepths(broker, pools, silentLogger, (queue) => missing.push(queue));
      for (const pool of idle) expect(depths.get(pool)).toEqual({ ready: 0, consumers: 0, listed: true });
      // What the listing does not clear is asked for, and is exact then.
      expect(busy && depths.get(busy)).toEqual({ ready: 1, consumers: 0 });
      expect(gone && depths.get(gone)).toBeUndefined();
    },
    { timeout: 60_000, interval: 1_000 },
  );
  expect(new Set(missing)).toEqual(new Set(["ns.jobs-0"]));

  // Fewer are each asked for.
  const few = async () => [...(await readPoolDepths(broker, idle.slice(0, 3), silentLogger)).values()];
  await expect.poll(few).toEqual(Array.from({ length: 3 }, () => ({ ready: 0, consumers: 0 })));
});
