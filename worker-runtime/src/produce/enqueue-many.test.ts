import { expect, test } from "vitest";
import { BatchFailed } from "../errors.ts";
import { enqueueMany } from "./enqueue-many.ts";

/** Enqueues that are settled by the test. */
function pending() {
  const waiting = new Map<number, { resolve(id: string): void; reject(error: Error): void }>();
  return {
    waiting,
    enqueue: (input: number) =>
      new Promise<string>((resolve, reject) => {
        waiting.set(input, { resolve, reject });
      }),
    settle(input: number, error?: Error) {
      const one = waiting.get(input);
      waiting.delete(input);
      if (error === undefined) one?.resolve(`id-${input}`);
      else one?.reject(error);
    },
  };
}

const turn = () => new Promise(setImmediate);

test("takes no more inputs than fit its window, and answers in their order", async () => {
  const { waiting, enqueue, settle } = pending();
  let taken = 0;
  function* inputs() {
    for (; taken < 4; ) yield taken++;
  }
  const ids = enqueueMany(inputs(), enqueue, 2);
  await turn();
  expect([taken, [...waiting.keys()]]).toEqual([2, [0, 1]]);
  settle(1);
  await turn();
  expect([taken, [...waiting.keys()]]).toEqual([3, [0, 2]]);
  settle(2);
  await turn();
  settle(3);
  settle(0);
  expect(await ids).toEqual(["id-0", "id-1", "id-2", "id-3"]);
});

test("after a failure no more are taken, and it says which are stored", async () => {
  const { enqueue, settle } = pending();
  const failed = enqueueMany([0, 1, 2, 3, 4], enqueue, 3).catch((error: unknown) => error);
  await turn();
  settle(1, new Error("full"));
  await turn();
  settle(0);
  settle(2);
  const error = await failed;
  expect(error).toBeInstanceOf(BatchFailed);
  expect(error).toMatchObject({
    message: expect.stringContaining("jobs taken so far were not stored: inputs[1]: full"),
    ids: ["id-0", undefined, "id-2"],
    failures: [{ index: 1 }],
  });
});

test("a source that fails, too, leaves what was taken settled", async () => {
  async function* inputs() {
    yield 0;
    throw new Error("the file ended");
  }
  const failed = enqueueMany(inputs(), async (n) => `id-${n}`, 3);
  await expect(failed).rejects.toMatchObject({
    message: "the source of inputs failed after 1 of them, which are stored: the file ended",
    ids: ["id-0"],
    failures: [{ index: 1 }],
  });
});
