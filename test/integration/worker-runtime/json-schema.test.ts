import { createProducer, defineJob, InvalidInput } from "@jobwright/worker-runtime";
import { deadLetterHeader } from "@jobwright/worker-runtime/contract";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { createTestQueue, headerOf } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";

const resize = defineJob({ name: "resize", input: z.object({ width: z.number() }), run() {} });
const schemas = { resize: { type: "object", properties: { width: { type: "integer", maximum: 4_096 } } } };

test("the JobQueue's schema is kept by the producer that is bound to it, and by the worker", async () => {
  const queue = await createTestQueue();
  const producer = createProducer({
    binding: {
      type: "rabbitmq",
      provider: "jobwright",
      host: queue.broker.host,
      port: `${queue.broker.amqpPort}`,
      username: queue.broker.username,
      password: queue.broker.password,
      "virtual-host": queue.vhost.name,
      uri: queue.vhost.amqpUrl,
      queue: queue.name,
      schemas: JSON.stringify(schemas),
    },
  });
  onTestFinished(() => producer.close());
  await producer.enqueue(resize, { width: 4_096 });
  expect(await queue.ready(queue.name)).toBe(1);
  await expect(producer.enqueue(resize, { width: 4_097 })).rejects.toThrow(InvalidInput);

  await runWorker(queue, [resize], { schemas });
  await queue.publish("resize", { width: 1.5 });
  const letter = await queue.deadLetter();
  expect(headerOf(letter, deadLetterHeader.reason)).toBe("InvalidInput");
  expect(headerOf(letter, deadLetterHeader.errorMessage)).toContain("must be integer\n  → at /width");
});

test("a worker with a schema that is none does not start", async () => {
  const queue = await createTestQueue();
  const wrong = { resize: { type: "objekt" } };
  await expect(runWorker(queue, [resize], { schemas: wrong })).rejects.toThrow("is not a valid JSON Schema");
});
