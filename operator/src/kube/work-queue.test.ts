import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createManualClock } from "./manual-clock.ts";
import { createWorkQueue, type WorkQueueOptions } from "./work-queue.ts";

function setUp(options: WorkQueueOptions = {}) {
  const clock = createManualClock();
  return { clock, queue: createWorkQueue({ clock, ...options }) };
}

/** The milliseconds until the queue hands something out. */
async function waitFor(queue: ReturnType<typeof createWorkQueue>, clock: ReturnType<typeof createManualClock>) {
  const startedAt = clock.now();
  while (queue.depth() === 0) {
    clock.advance(1);
  }
  return clock.now() - startedAt;
}

describe("the work queue", () => {
  test("hands out a key once, however often it was added", async () => {
    const { queue } = setUp();
    queue.add("a");
    queue.add("a");
    queue.add("b");
    expect([await queue.get(), await queue.get()]).toEqual(["a", "b"]);
    expect(queue.depth()).toBe(0);
  });

  test("holds back a key that is being worked on, and hands it out once more after that", async () => {
    const { queue } = setUp();
    queue.add("a");
    await queue.get();
    queue.add("a");
    queue.add("a");
    expect(queue.depth()).toBe(0);
    queue.done("a");
    expect(await queue.get()).toBe("a");
    queue.done("a");
    expect(queue.depth()).toBe(0);
  });

  test("wakes the taker that has waited longest", async () => {
    const { queue } = setUp();
    const first = queue.get();
    const second = queue.get();
    queue.add("a");
    queue.add("b");
    expect(await Promise.all([first, second])).toEqual(["a", "b"]);
  });

  test("of several delays of one key the earliest counts", async () => {
    const { queue, clock } = setUp();
    queue.addAfter("a", 500);
    queue.addAfter("a", 100);
    queue.addAfter("a", 900);
    expect(await waitFor(queue, clock)).toBe(100);
    await queue.get();
    queue.done("a");
    clock.advance(10_000);
    expect(queue.depth()).toBe(0);
  });

  test("backs off each key from 5 ms, doubling up to 1000 s, until it is forgotten", async () => {
    const { queue, clock } = setUp({ retriesPerSecond: 1e6 });
    const delays: number[] = [];
    for (let failure = 0; failure < 20; failure++) {
      queue.addRateLimited("a");
      delays.push(await waitFor(queue, clock));
      await queue.get();
      queue.done("a");
    }
    expect(delays.slice(0, 5)).toEqual([5, 10, 20, 40, 80]);
    expect(delays.at(-1)).toBe(1_000_000);
    queue.addRateLimited("b");
    expect(await waitFor(queue, clock)).toBe(5);
    queue.forget("a");
    await queue.get();
    queue.addRateLimited("a");
    expect(await waitFor(queue, clock)).toBe(5);
  });

  test("retries of all keys together keep to the global rate once the burst is used up", async () => {
    const { queue, clock } = setUp({ retriesPerSecond: 10, retryBurst: 3 });
    for (const key of ["a", "b", "c", "d", "e"]) {
      queue.addRateLimited(key);
    }
    clock.advance(5);
    expect(queue.depth()).toBe(3);
    clock.advance(95);
    expect(queue.depth()).toBe(4);
    clock.advance(100);
    expect(queue.depth()).toBe(5);
  });

  test("once stopped answers undefined to those who wait and to those who come, and takes nothing", async () => {
    const { queue, clock } = setUp();
    const waiting = queue.get();
    queue.addAfter("later", 10);
    queue.stop();
    queue.add("a");
    clock.advance(100);
    expect(await waiting).toBeUndefined();
    expect(await queue.get()).toBeUndefined();
    expect(queue.depth()).toBe(0);
  });

  test("property: no key runs twice at once, and none that was added is lost", async () => {
    const key = fc.constantFrom("a", "b", "c");
    const step = fc.oneof(
      key.map((each) => (model: Model) => model.add(each, (queue) => queue.add(each))),
      fc.tuple(key, fc.nat(50)).map(
        ([each, ms]) =>
          (model: Model) =>
            model.add(each, (queue) => queue.addAfter(each, ms)),
      ),
      key.map((each) => (model: Model) => model.add(each, (queue) => queue.addRateLimited(each))),
      fc.constant((model: Model) => model.take()),
      fc.nat().map((pick) => (model: Model) => model.finish(pick)),
      fc.nat(100).map((ms) => (model: Model) => model.clock.advance(ms)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const model = createModel();
        for (const run of steps) {
          await run(model);
        }
        await model.finishAll();
        expect([...model.owed]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

type Model = ReturnType<typeof createModel>;

/** A queue beside what is known of it: which keys run, and which were added and have not begun since. */
function createModel() {
  const { queue, clock } = setUp();
  const running = new Set<string>();
  const owed = new Set<string>();
  async function take() {
    if (queue.depth() > 0) {
      const taken = (await queue.get()) ?? "";
      expect(running.has(taken)).toBe(false);
      running.add(taken);
      owed.delete(taken);
    }
  }
  function finish(pick: number) {
    const finished = [...running][pick % Math.max(running.size, 1)];
    if (finished !== undefined) {
      running.delete(finished);
      queue.done(finished);
    }
  }
  return {
    clock,
    owed,
    add(key: string, how: (on: typeof queue) => void) {
      owed.add(key);
      how(queue);
    },
    take,
    finish,
    async finishAll() {
      clock.advance(10_000_000);
      while (running.size + queue.depth() > 0) {
        finish(0);
        await take();
      }
    },
  };
}
