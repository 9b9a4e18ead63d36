import { defineJob, GiveUp, RetryLater } from "@jobwright/worker-runtime";
import { deadLetterHeader, header } from "@jobwright/worker-runtime/contract";
import { expect, test } from "vitest";
import { z } from "zod";
import { createTestQueue, headerOf } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

interface Seen {
  attempt: number;
  input: unknown;
  id: string;
  enqueuedAt: number;
  at: number;
}

/** A job that notes what it is given and then does what the test says. */
function recorded(behave: (seen: Seen, signal: AbortSignal) => unknown, timeout?: string) {
  const seen: Seen[] = [];
  const job = defineJob({
    name: "resize",
    input: z.object({ width: z.number() }),
    ...(timeout === undefined ? {} : { timeout }),
    run(input, { attempt, id, enqueuedAt, signal }) {
      const now: Seen = { attempt, input, id, enqueuedAt: enqueuedAt.getTime(), at: Date.now() };
      seen.push(now);
      return behave(now, signal);
    },
  });
  return { seen, job };
}

test("a job that returns is done and gone", async () => {
  const queue = await createTestQueue();
  const { seen, job } = recorded(() => {});
  const worker = await runWorker(queue, [job]);
  await queue.publish("resize", { width: 1 }, { messageId: "m-1" });
  await until("the run", () => seen.length === 1);
  expect(await queue.leftBy(worker)).toBe(0);
  expect(seen).toMatchObject([{ attempt: 1, id: "m-1", input: { width: 1 } }]);
});

test("a job that fails comes back through the delay fabric, then succeeds", async () => {
  const queue = await createTestQueue();
  const { seen, job } = recorded(({ attempt }) => {
    if (attempt === 1) throw new Error("not yet");
  });
  const worker = await runWorker(queue, [job]);
  await queue.publish("resize", { width: 1 }, { messageId: "m-1" });
  await until("the second attempt", () => seen.length === 2);
  expect(await queue.leftBy(worker)).toBe(0);
  const [first, second] = seen;
  expect(second).toMatchObject({ attempt: 2, id: "m-1", input: { width: 1 }, enqueuedAt: first?.enqueuedAt });
  // The fabric rounds up to whole seconds; a broker's timer may be some ms off.
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(900);
  expect(await queue.ready(`${queue.name}.dead`)).toBe(0);
});

test("a job that fails for good is dead-lettered with the error", async () => {
  const queue = await createTestQueue();
  const { seen, job } = recorded(() => {
    throw new TypeError("no such image");
  });
  const worker = await runWorker(queue, [job]);
  await queue.publish("resize", { width: 1 }, { messageId: "m-1", headers: { tenant: "acme" } });
  const letter = await queue.deadLetter();
  expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect(letter.content.toString()).toBe('{"width":1}');
  expect(letter.properties).toMatchObject({ messageId: "m-1", type: "resize", deliveryMode: 2 });
  expect(letter.properties.headers).toMatchObject({
    tenant: "acme",
    [header.attempt]: 2,
    [deadLetterHeader.reason]: "AttemptsExhausted",
    [deadLetterHeader.errorName]: "TypeError",
    [deadLetterHeader.errorMessage]: "no such image",
    [deadLetterHeader.worker]: "test-worker",
    [deadLetterHeader.origin]: queue.name,
  });
  expect(letter.properties.headers).not.toHaveProperty("x-death");
  expect(await queue.leftBy(worker)).toBe(0);
});

test("RetryLater comes back with its new input and the same attempt", async () => {
  const queue = await createTestQueue();
  const { seen, job } = recorded(({ input }) => {
    if (seen.length === 1) throw new RetryLater({ after: "1s", input: { width: 2 } });
    return input;
  });
  const worker = await runWorker(queue, [job]);
  await queue.publish("resize", { width: 1 });
  await until("the second run", () => seen.length === 2);
  expect(await queue.leftBy(worker)).toBe(0);
  expect(seen).toMatchObject([
    { attempt: 1, input: { width: 1 } },
    { attempt: 1, input: { width: 2 } },
  ]);
});

test("a RetryLater whose input does not fit is a failure that says so", async () => {
  const queue = await createTestQueue();
  const { job } = recorded(() => {
    throw new RetryLater({ after: "1s", input: { width: "wide" } });
  });
  await runWorker(queue, [job]);
  await queue.publish("resize", { width: 1 });
  const letter = await queue.deadLetter();
  expect(headerOf(letter, deadLetterHeader.reason)).toBe("AttemptsExhausted");
  expect(headerOf(letter, deadLetterHeader.errorMessage)).toContain('RetryLater: the input of "resize" does not fit');
});

test.each([
  ["GiveUp", "resize", { width: 1 }, "GaveUp", "the image was deleted"],
  ["input that does not fit", "resize", { width: "wide" }, "InvalidInput", "does not fit its schema"],
  ["a body that is not JSON", "resize", Buffer.from("{"), "InvalidInput", "the body is not JSON"],
  ["a job that the worker does not have", "crop", {}, "UnknownJob", 'no job named "crop": it has resize'],
])("%s is dead-lettered at once", async (_, type, body, reason, message) => {
  const queue = await createTestQueue();
  const { seen, job } = recorded(() => {
    throw new GiveUp("the image was deleted");
  });
  const worker = await runWorker(queue, [job]);
  await queue.publish(type, body);
  const letter = await queue.deadLetter();
  expect(headerOf(letter, deadLetterHeader.reason)).toBe(reason);
  expect(headerOf(letter, deadLetterHeader.errorMessage)).toContain(message);
  expect(seen.length).toBe(reason === "GaveUp" ? 1 : 0);
  expect(await queue.leftBy(worker)).toBe(0);
});

test("a job over its timeout is aborted and tried again", async () => {
  const queue = await createTestQueue();
  const { seen, job } = recorded(({ attempt }, signal) => {
    if (attempt === 2) return;
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  }, "50ms");
  const worker = await runWorker(queue, [job]);
  await queue.publish("resize", { width: 1 });
  await until("the second attempt", () => seen.length === 2);
  expect(await queue.leftBy(worker)).toBe(0);
  expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2]);
});

test("as many jobs run at once as there are slots, never more", async () => {
  const queue = await createTestQueue();
  let running = 0;
  let most = 0;
  let done = 0;
  const job = defineJob({
    name: "resize",
    input: z.unknown(),
    async run() {
      running += 1;
      most = Math.max(most, running);
      await until("three at once, or the last ones", () => most === 3);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      done += 1;
    },
  });
  for (let count = 0; count < 12; count += 1) await queue.publish("resize", {});
  const worker = await runWorker(queue, [job], { concurrency: 3 });
  await until("all jobs", () => done === 12);
  expect(most).toBe(3);
  expect(await queue.leftBy(worker)).toBe(0);
});
