import { createOnce, defineJob, memoryStore } from "@jobwright/worker-runtime";
import { expect, test } from "vitest";
import { z } from "zod";
import { createTestQueue, headerOf } from "../job-queue.ts";
import { runWorker } from "../running-worker.ts";
import { until } from "../until.ts";

test("a job that meets its own copy at work waits for it without losing an attempt, and then does nothing", async () => {
  const queue = await createTestQueue();
  const once = createOnce({ store: memoryStore(), lease: "1s" });
  const finish = Promise.withResolvers<void>();
  let charged = 0;
  const runs: { attempt: number; result?: string }[] = [];
  const charge = defineJob({
    name: "charge",
    input: z.object({}),
    async run(_, { id, attempt }) {
      const run: (typeof runs)[number] = { attempt };
      runs.push(run);
      run.result = await once(id, async () => {
        charged += 1;
        await finish.promise;
        return "charge-7";
      });
    },
  });
  const worker = await runWorker(queue, [charge], { concurrency: 2 });
  for (let copy = 0; copy < 2; copy += 1) await queue.publish("charge", {}, { messageId: "order-1" });
  await until("the second copy came, and came back", () => runs.length >= 3);
  finish.resolve();
  await until("both copies have the result", () => runs.filter(({ result }) => result === "charge-7").length === 2);
  expect(charged).toBe(1);
  expect(new Set(runs.map(({ attempt }) => attempt))).toEqual(new Set([1]));
  expect(await queue.leftBy(worker)).toBe(0);
});

test("a result that cannot be stored dead-letters the job at once, and its work is not repeated", async () => {
  const queue = await createTestQueue();
  const once = createOnce();
  let charged = 0;
  const charge = defineJob({
    name: "charge",
    input: z.object({}),
    run: (_, { id }) =>
      once(id, () => {
        charged += 1;
        return 10n;
      }),
  });
  await runWorker(queue, [charge]);
  await queue.publish("charge", {});
  const letter = await queue.deadLetter();
  expect(headerOf(letter, "jobwright-dead-reason")).toBe("GaveUp");
  expect(headerOf(letter, "jobwright-error-name")).toBe("ResultNotStorable");
  expect(String(headerOf(letter, "jobwright-error-message"))).toMatch(/the result is not JSON/);
  expect(charged).toBe(1);
});
