import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineJob } from "../job.ts";
import { createTestQueue } from "./test-queue.ts";

const order: string[] = [];
const note = defineJob({
  name: "note",
  input: z.object({ text: z.string() }),
  run: ({ text }) => void order.push(text),
});
const hang = defineJob({
  name: "hang",
  input: z.object({}),
  timeout: "10m",
  run: (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    }),
});

describe("createTestQueue", () => {
  it("serves lanes by their weights beside the work queue", async () => {
    order.length = 0;
    const queue = createTestQueue({ jobs: [note], lanes: [{ name: "urgent", weight: 3 }] });
    await queue.drain();
    for (const text of ["a", "b"]) await queue.enqueue(note, { text });
    for (const text of ["u1", "u2", "u3", "u4"]) await queue.enqueue(note, { text }, { lane: "urgent" });
    expect(queue.jobs.map(({ lane }) => lane)).toEqual([undefined, undefined, "urgent", "urgent", "urgent", "urgent"]);
    queue.start();
    await queue.runUntilIdle();
    // A lane of weight 3 gets three of four starts.
    expect(order.slice(0, 5).filter((text) => text.startsWith("u"))).toHaveLength(4 - 1);
    expect(order).toHaveLength(6);
  });

  it("refuses a producer when it is full, and nobody who comes back", async () => {
    const seen: string[] = [];
    const flaky = defineJob({
      name: "flaky",
      input: z.object({}),
      run(_, { lane = "none", attempt }) {
        seen.push(`${lane} ${attempt}`);
        if (attempt === 1) throw new Error("once more");
      },
    });
    const queue = createTestQueue({ jobs: [flaky], maxLength: 1, lanes: [{ name: "urgent", weight: 3 }] });
    await queue.drain();
    await queue.enqueue(flaky, {});
    await queue.enqueue(flaky, {}, { lane: "urgent" });
    await expect(queue.enqueue(flaky, {})).rejects.toThrow("is full: 1 jobs wait in it");
    for (let jobs = 0; jobs < 3; jobs += 1) await queue.enqueue(flaky, {}, { lane: "urgent", delay: "1s" });
    await queue.advance("1s");
    expect(queue.jobs.map(({ state, lane }) => [state, lane])).toEqual([
      ["waiting", undefined],
      ...Array.from({ length: 4 }, () => ["waiting", "urgent"]),
    ]);
    queue.start();
    await queue.advance("1m");
    expect(seen.toSorted()).toEqual([
      ...["none 1", "none 2"],
      ...[1, 1, 1, 1, 2, 2, 2, 2].map((attempt) => `urgent ${attempt}`),
    ]);
    await queue.enqueue(flaky, {});
  });

  it("dead-letters, without a worker's word, what came back more often than the delivery limit", async () => {
    const queue = createTestQueue({ jobs: [hang], deliveryLimit: 2, patienceMs: 5 });
    await queue.enqueue(hang, {});
    for (let crashes = 1; crashes <= 3; crashes += 1) {
      await queue.runUntilIdle();
      expect(queue.jobs.map(({ state, attempt }) => [state, attempt])).toEqual([["running", 1]]);
      queue.crash();
    }
    await queue.runUntilIdle();
    expect(queue.jobs).toEqual([]);
    expect(queue.dead.map(({ reason }) => reason)).toEqual(["DeliveryLimit"]);
  });

  it("aborts what runs when the worker crashes, and hears no more of it", async () => {
    const reasons: unknown[] = [];
    const stubborn = defineJob({
      name: "stubborn",
      input: z.object({}),
      async run(_, { signal }) {
        // Returns, as if its work were done: only the second run's word may count.
        await queue.sleep("1m", signal).catch((reason: unknown) => reasons.push(reason));
      },
    });
    const queue = createTestQueue({ jobs: [stubborn] });
    await queue.enqueue(stubborn, {});
    await queue.runUntilIdle();
    queue.crash();
    await queue.runUntilIdle();
    expect(reasons).toEqual([expect.objectContaining({ name: "DeliveryLost" })]);
    expect(queue.jobs.map(({ state }) => state)).toEqual(["running"]);
    await queue.advance("1m");
    expect(queue.jobs).toEqual([]);
  });

  it("lets a timeout pass in no time, and says when the clock struck", async () => {
    const queue = createTestQueue({ jobs: [hang], retry: { maxAttempts: 1 }, patienceMs: 5, startAt: new Date(0) });
    await queue.enqueue(hang, {});
    await queue.advance("9m59s");
    expect(queue.dead).toEqual([]);
    await queue.advance("1s");
    expect(queue.dead.map(({ error }) => error?.name)).toEqual(["JobTimedOut"]);
    expect(queue.now).toEqual(new Date(600_000));
  });

  it("gives back, at a drain's end, what does not end; and waits with the clock until then", async () => {
    const queue = createTestQueue({ jobs: [hang], patienceMs: 5, startAt: new Date(0) });
    await queue.enqueue(hang, {});
    await queue.drain("1m");
    expect(queue.now).toEqual(new Date(50_000));
    expect(queue.jobs.map(({ state, attempt }) => [state, attempt])).toEqual([["waiting", 1]]);
    expect(queue.events).toEqual([]);
  });

  it("passes the clock in order: what is due first is done first", async () => {
    order.length = 0;
    const queue = createTestQueue({ jobs: [note] });
    await queue.enqueue(note, { text: "later" }, { delay: "2h" });
    await queue.enqueue(note, { text: "sooner" }, { delay: "1h" });
    await queue.enqueue(note, { text: "now" });
    await queue.advance("3h");
    expect(order).toEqual(["now", "sooner", "later"]);
  });

  it("checks what is enqueued as a producer does", async () => {
    const queue = createTestQueue({ jobs: [note], schemas: { note: { properties: { text: { maxLength: 2 } } } } });
    await expect(queue.enqueue(note, { text: 7 } as never)).rejects.toThrow("text");
    await expect(queue.enqueue(note, { text: "long" })).rejects.toThrow("JobQueue");
    await expect(queue.enqueue(note, { text: "a" }, { delay: "soon" })).rejects.toThrow("delay");
    expect(queue.jobs).toEqual([]);
  });
});
