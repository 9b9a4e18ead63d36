import { expect, test, vi } from "vitest";
import { type ControllerOptions, createController, type ReconcileResult } from "./controller.ts";

function setUp(options: Partial<ControllerOptions> & Pick<ControllerOptions, "reconcile">) {
  const results: ReconcileResult[] = [];
  const controller = createController({
    name: "test",
    concurrency: 2,
    metrics: { onReconcile: ({ result }) => results.push(result) },
    ...options,
  });
  return { controller, results };
}

test("a reconcile that throws is tried again until it returns, and then no more", async () => {
  let calls = 0;
  const { controller, results } = setUp({
    async reconcile() {
      calls += 1;
      if (calls < 4) {
        throw new Error("not yet");
      }
    },
  });
  controller.enqueue("a");
  controller.start();
  await vi.waitFor(() => expect(results).toEqual(["error", "error", "error", "success"]));
  await controller.stop();
});

test("a reconcile may throw before its first await", async () => {
  let calls = 0;
  const { controller, results } = setUp({
    reconcile() {
      calls += 1;
      if (calls === 1) {
        throw new Error("at once");
      }
      return Promise.resolve();
    },
  });
  controller.start();
  controller.enqueue("a");
  await vi.waitFor(() => expect(results).toEqual(["error", "success"]));
  await controller.stop();
});

test("requeueAfterMs brings the key again", async () => {
  let calls = 0;
  const { controller, results } = setUp({
    async reconcile() {
      calls += 1;
      return calls === 1 ? { requeueAfterMs: 5 } : undefined;
    },
  });
  controller.start();
  controller.enqueue("a");
  await vi.waitFor(() => expect(results).toEqual(["requeue_after", "success"]));
  await controller.stop();
});

test("works on as many keys at once as its concurrency says, on one key never twice", async () => {
  const running: string[] = [];
  let most = 0;
  let twice = false;
  let done = 0;
  const { controller } = setUp({
    concurrency: 3,
    async reconcile(key) {
      twice ||= running.includes(key);
      running.push(key);
      most = Math.max(most, running.length);
      controller.enqueue(key === "a" && done < 20 ? "a" : "b");
      await new Promise(setImmediate);
      running.splice(running.indexOf(key), 1);
      done += 1;
      if (done > 50) {
        controller.enqueue("last");
      }
    },
  });
  for (const key of ["a", "b", "c", "d", "e"]) {
    controller.enqueue(key);
  }
  controller.start();
  await vi.waitFor(() => expect(done).toBeGreaterThan(50));
  await controller.stop();
  expect({ most, twice, running }).toEqual({ most: 3, twice: false, running: [] });
});

test("stop aborts the signal, waits for what runs and takes nothing more", async () => {
  const started = Promise.withResolvers<void>();
  const ended: string[] = [];
  const { controller } = setUp({
    concurrency: 1,
    async reconcile(key, signal) {
      started.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await new Promise(setImmediate);
      ended.push(key);
    },
  });
  controller.enqueue("a");
  controller.enqueue("b");
  controller.start();
  await started.promise;
  await controller.stop();
  expect(ended).toEqual(["a"]);
});

test("passes that wait for nothing do not go on in one turn of the event loop, however many workers there are", async () => {
  let passes = 0;
  const { controller } = setUp({
    concurrency: 4,
    async reconcile() {
      const untilMs = performance.now() + 10;
      while (performance.now() < untilMs);
      passes += 1;
    },
  });
  for (let key = 0; key < 12; key += 1) controller.enqueue(`${key}`);
  controller.start();
  const perTurn: number[] = [];
  for (let seen = 0; seen < 12; seen = passes) {
    await new Promise(setImmediate);
    perTurn.push(passes - seen);
  }
  await controller.stop();
  // The workers begin together.
  expect(Math.max(...perTurn.slice(1))).toBeLessThanOrEqual(1);
});
