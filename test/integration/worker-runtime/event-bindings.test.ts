import { defineJob } from "@jobwright/worker-runtime";
import { deadLetterHeader, eventBinding, queueNames } from "@jobwright/worker-runtime/contract";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { ensureTopology } from "../../../operator/src/broker/index.ts";
import { defaultSettings } from "../../../operator/src/broker/settings.ts";
import { servers } from "../broker/fixture.ts";
import { createTestQueue, headerOf, type TestQueue } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const bindings = [
  { exchange: "shop.topic", routingKey: "order.created", job: "bill" },
  { exchange: "shop.topic", routingKey: "order.#", job: "audit" },
  { exchange: "shop.topic", routingKey: "resize" },
  { exchange: "shop.fanout", job: "audit" },
  { exchange: "shop.headers", arguments: { kind: "offer", "x-match": "any", size: 3 }, job: "bill" },
].map((one) => eventBinding.parse(one));

/** An application's own exchanges, and the queue bound to them. */
async function bind(queue: TestQueue): Promise<void> {
  const channel = await queue.admin.createChannel();
  for (const type of ["topic", "fanout", "headers"]) await channel.assertExchange(`shop.${type}`, type);
  await channel.assertExchange("upstream", "fanout");
  await channel.bindExchange("shop.topic", "upstream", "");
  await channel.close();
  const wanted = { name: queue.name, ...defaultSettings, bindings };
  await ensureTopology(queue.operator, wanted, { fresh: true });
}

/** Publishes as an application does that knows nothing of jobs. */
async function tell(queue: TestQueue, exchange: string, key: string, body: unknown, properties: object = {}) {
  const channel = await queue.admin.createConfirmChannel();
  channel.publish(exchange, key, Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)), properties);
  await channel.waitForConfirms();
  await channel.close();
}

describe.each(servers)("messages of other exchanges on RabbitMQ $version", (server) => {
  test("are the jobs that their bindings say, whatever type of exchange they came from", async () => {
    const queue = await createTestQueue("media.bills", [], server);
    await bind(queue);
    const ran: string[] = [];
    const job = (name: string) =>
      defineJob({ name, input: z.number(), run: (n: number) => void ran.push(`${name} ${n}`) });
    const worker = await runWorker(queue, ["bill", "audit", "resize"].map(job), { bindings });
    await tell(queue, "shop.topic", "order.created", 1);
    await tell(queue, "shop.topic", "order.deleted.eu", 2);
    await tell(queue, "shop.topic", "resize", 3);
    await tell(queue, "shop.fanout", "whatever", 4);
    await tell(queue, "shop.headers", "", 5, { headers: { size: 3 } });
    await tell(queue, "upstream", "order.created", 6);
    await tell(queue, "shop.topic", "order.created", 7, { type: "resize" });
    await queue.publish("resize", 8);
    await until("all jobs", () => ran.length === 8);
    expect(ran.toSorted()).toEqual(
      ["bill 1", "audit 2", "resize 3", "audit 4", "bill 5", "bill 6", "resize 7", "resize 8"].toSorted(),
    );
    expect(await queue.leftBy(worker)).toBe(0);
  });

  test("keep their name and one id in retries and as dead letters", async () => {
    const queue = await createTestQueue("media.bills", [], server);
    await bind(queue);
    const seen: { id: string; attempt: number }[] = [];
    const bill = defineJob({
      name: "bill",
      input: z.number(),
      run(_input, { id, attempt }) {
        seen.push({ id, attempt });
        throw new Error("no paper");
      },
    });
    await runWorker(queue, [bill], { bindings });
    await tell(queue, "shop.topic", "order.created", 1, { headers: { region: "eu" } });
    const letter = await queue.deadLetter();
    const [first] = seen;
    expect(seen).toEqual([
      { id: first?.id, attempt: 1 },
      { id: first?.id, attempt: 2 },
    ]);
    expect(letter).toMatchObject({
      fields: { routingKey: "bill" },
      properties: { type: "bill", messageId: first?.id, headers: { region: "eu" } },
    });
    expect(headerOf(letter, deadLetterHeader.reason)).toBe("AttemptsExhausted");
  });

  test("that are not JSON, or that no job has the name of, are dead letters that say so", async () => {
    const queue = await createTestQueue("media.bills", [], server);
    await bind(queue);
    const bill = defineJob({ name: "bill", input: z.number(), run: () => {} });
    await runWorker(queue, [bill], { bindings });
    await tell(queue, "shop.topic", "order.created", Buffer.from("<order/>"));
    expect(headerOf(await queue.deadLetter(), deadLetterHeader.reason)).toBe("InvalidInput");
    await tell(queue, "shop.topic", "order.deleted", 1);
    const unknown = await queue.deadLetter();
    expect(headerOf(unknown, deadLetterHeader.reason)).toBe("UnknownJob");
    expect(unknown.properties.type).toBe("audit");
    expect(headerOf(unknown, deadLetterHeader.origin)).toBe(queueNames(queue.name).queue);
  });
});
