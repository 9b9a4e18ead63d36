import { pino } from "pino";
import { expect, test } from "vitest";
import { z } from "zod";
import { defaultRetryPolicy, delayEntryExchange, header, maxDelaySeconds } from "../contract/index.ts";
import { defineJob, type Job } from "../job.ts";
import { jobProperties, type OutgoingMessage } from "../message/message.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { controlledClock } from "../testing/controlled-clock.ts";
import { delaySeconds } from "../testing/memory-broker.ts";
import { memoryDelivery } from "../testing/memory-delivery.ts";
import { memoryQueue } from "../testing/memory-queue.ts";
import { noMetrics } from "../testing/no-metrics.ts";
import type { Delivery } from "./delivery.ts";
import { RetryLater } from "./handler-outcome.ts";
import type { Outcome } from "./outcome.ts";
import { createRunner } from "./runner.ts";
import { createTally } from "./tally.ts";

/** A runner, and a broker that takes whatever is published. */
function running(job: Job, metrics = noMetrics) {
  const clock = controlledClock(1_000_000);
  const queue = memoryQueue("media.resize");
  const sent: OutgoingMessage[] = [];
  const outcomes: Outcome[] = [];
  const runner = createRunner({
    jobs: [job],
    queue: queue.name,
    worker: "test-worker",
    retry: defaultRetryPolicy,
    outcomes: "None",
    content: {},
    publisher: { publish: async (message) => void sent.push(message) },
    tally: createTally(),
    metrics,
    log: pino({ level: "silent" }),
    clock,
    random: () => 0.5,
    drainDeadline: new AbortController().signal,
    onIdle() {},
    onOutcome: (outcome) => outcomes.push(outcome),
  });

  /** Starts one more job. `released` resolves to whether its slot counts as one that ran. */
  function start(changes: Partial<Delivery> = {}) {
    const released = Promise.withResolvers<boolean>();
    const message = {
      content: Buffer.from("{}"),
      fields: { routingKey: job.name },
      properties: jobProperties({ id: "m-1", name: job.name, attempt: 1, enqueuedAtMs: clock.now() }),
      returns: 0,
    };
    const ends = { acked() {}, returned() {}, released() {} };
    const delivery = memoryDelivery(queue, undefined, message, ends);
    const release = (ran = true) => released.resolve(ran);
    const given: Delivery = Object.defineProperties(
      { ...delivery, release, ...changes },
      { open: { get: () => delivery.open } },
    );
    runner.start(given);
    return { delivery, released: released.promise };
  }
  return { runner, clock, start, sent, outcomes };
}

function limited(jobs: number, per: string): Job {
  return defineJob({ name: "resize", input: z.unknown(), rateLimit: { jobs, per }, run() {} });
}

test("a job that its rate limit defers says when it is due in whole milliseconds, as its readers expect", async () => {
  const { start, sent } = running(limited(3, "10s"));
  for (let started = 0; started < 3; started += 1) expect(await start().released).toBe(true);
  expect(await start().released).toBe(false);
  expect(sent[0]?.exchange).toBe(delayEntryExchange);
  expect(sent[0]?.properties.headers?.[header.dueAt]).toBe(1_003_334);
});

test("jobs that a rate limit would hold for longer than the delay fabric can are held as long as that", async () => {
  const { runner, start, sent } = running(limited(1, "596h"));
  for (let job = 0; job < 140; job += 1) await start().released;
  expect(runner.running).toBe(0);
  expect(sent).toHaveLength(139);
  expect(delaySeconds(sent.at(-1)?.routingKey ?? "")).toBe(maxDelaySeconds);
});

test("a job whose admission fails goes back to its queue, and its slot is free again", async () => {
  const { runner, clock, start } = running(limited(1, "1s"));
  await start().released;
  const { delivery, released } = start({
    postpone() {
      throw new Error("no");
    },
  });
  await expect.poll(() => clock.nextMs).toBeDefined();
  clock.fireNext(Number.POSITIVE_INFINITY);
  expect(await released).toBe(false);
  expect(delivery.open).toBe(false);
  expect(runner.running).toBe(0);
});

test("what a handler throws because its delivery was lost says nothing of what jobs depend on", async () => {
  const job = defineJob({
    name: "resize",
    input: z.unknown(),
    run: (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  const { start, outcomes } = running(job);
  const { delivery, released } = start();
  await new Promise(setImmediate);
  delivery.lose();
  await released;
  expect(outcomes).toEqual([]);
});

test("a job that is lost before its handler begins is not begun: somebody else has it by then", async () => {
  const opened = Promise.withResolvers<void>();
  let runs = 0;
  const job = defineJob({
    name: "resize",
    input: z.unknown().refine(async () => {
      await opened.promise;
      return true;
    }),
    run() {
      runs += 1;
    },
  });
  const { start, outcomes } = running(job);
  const { delivery, released } = start();
  delivery.lose();
  opened.resolve();
  await released;
  expect(runs).toBe(0);
  expect(outcomes).toEqual([]);
});

test("a run that its handler postpones is told apart from one that failed", async () => {
  const metrics = createMetrics();
  const ends = [new RetryLater({ after: "1s" }), new Error("no")];
  const job = defineJob({ name: "resize", input: z.unknown(), run: () => Promise.reject(ends.shift()) });
  const { start } = running(job, metrics);
  await start().released;
  await start().released;
  const text = await metrics.registry.metrics();
  for (const outcome of ["postponed", "retried"]) {
    expect(text).toContain(`jobwright_jobs_total{job="resize",outcome="${outcome}"} 1`);
  }
});
