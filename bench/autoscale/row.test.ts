import { expect, test } from "vitest";
import { rowOf, type Seen } from "./row.ts";

const about = { subject: "somebody", config: "as it comes", trace: "two" };
const seen: Seen = {
  fromMs: 1_000,
  toMs: 99_000,
  enqueued: new Map([
    ["a", 1_000],
    ["b", 2_000],
  ]),
  executions: [
    { job: "a", startedAtMs: 3_000, endedAtMs: 5_000, ending: "finished" },
    { job: "b", startedAtMs: 6_000 },
    { job: "b", startedAtMs: 8_000, endedAtMs: 9_000, ending: "finished" },
  ],
  pods: [{ fromMs: 2_000, toMs: 6_500 }, { fromMs: 7_000 }, { fromMs: 20_000 }],
  replicas: [
    { atMs: 500, replicas: 0 },
    { atMs: 1_500, replicas: 2 },
    { atMs: 20_000, replicas: 0 },
  ],
  brokerRequests: [500, 1_000, 5_000, 10_000],
};

test("times count from the first enqueueing to the last end", () => {
  expect(rowOf(about, seen)).toEqual({
    ...about,
    jobs: 2,
    lost: 0,
    repeated: 1,
    firstStartMs: 2_000,
    drainMs: 8_000,
    waitP50Ms: 3_000,
    waitP95Ms: 3_900,
    waitMaxMs: 4_000,
    podSeconds: 7,
    replicaChanges: 1,
    brokerRequestsPerMinute: 15,
  });
});

test("what is not finished in time is lost, and has waited all the time", () => {
  const row = rowOf(about, { ...seen, executions: seen.executions.slice(0, 1) });
  expect(row).toMatchObject({ lost: 1, repeated: 0, drainMs: 98_000, waitMaxMs: 97_000 });
});

test("a subject that starts nothing has no numbers that are not numbers", () => {
  const row = rowOf(about, { ...seen, executions: [], pods: [] });
  expect(row).toMatchObject({ lost: 2, repeated: 0, firstStartMs: 98_000, drainMs: 98_000, podSeconds: 0 });
});
