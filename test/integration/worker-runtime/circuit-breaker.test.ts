import { defineJob } from "@jobwright/worker-runtime";
import { expect, test } from "vitest";
import { z } from "zod";
import { createTestQueue } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

test("while what all jobs need is down, few attempts are burnt, and all jobs are done after", async () => {
  const queue = await createTestQueue();
  let down = true;
  let attempts = 0;
  const done = new Set<number>();
  const job = defineJob({
    name: "resize",
    input: z.number(),
    run(number) {
      attempts += 1;
      if (down) throw new Error("the database is down");
      done.add(number);
    },
  });
  for (let number = 0; number < 100; number += 1) await queue.publish("resize", number);
  const worker = await runWorker(
    queue,
    [job],
    { concurrency: 4, retry: { maxAttempts: 4, initialMs: 1, maxMs: 1, multiplier: 1, jitterPercent: 0 } },
    { circuitBreaker: { failures: 5, backoff: "500ms", maxBackoff: "1s" } },
  );
  const startedMs = performance.now();
  const metrics = async () => await (await fetch(`http://127.0.0.1:${worker.telemetryPort}/metrics`)).text();
  await until("it to open", async () => (await metrics()).includes("\njobwright_circuit_breaker_open 1\n"));
  const whenOpen = attempts;
  await until("two more tries", () => attempts >= whenOpen + 2);
  // Without a breaker, all of the hundred would have failed by now. Four slots may have been at it when it opened, and then
  // one tries half a second after the other, or later.
  expect(attempts).toBeLessThan(5 + 4 + 2 + (performance.now() - startedMs) / 500);
  down = false;
  await until("all jobs", () => done.size === 100);
  expect(await metrics()).toContain("\njobwright_circuit_breaker_open 0\n");
  expect(await queue.ready(`${queue.name}.dead`)).toBe(0);
  expect(await queue.leftBy(worker)).toBe(0);
});

test("jobs that give up do not open it", async () => {
  const queue = await createTestQueue();
  let runs = 0;
  const job = defineJob({
    name: "resize",
    input: z.number(),
    run() {
      runs += 1;
    },
  });
  // Their input does not fit.
  for (let number = 0; number < 10; number += 1) await queue.publish("resize", "wrong");
  await queue.publish("resize", 1);
  await runWorker(queue, [job], {}, { circuitBreaker: { failures: 3, backoff: "1h", maxBackoff: "1h" } });
  await until("the job after them", () => runs === 1);
});
