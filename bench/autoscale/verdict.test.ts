import { expect, test } from "vitest";
import type { Row } from "./row.ts";
import { overRounds, verdictOf } from "./verdict.ts";

function row(subject: string, trace: string, figures: Partial<Row> = {}): Row {
  return {
    ...{ subject, config: "as it is", trace, jobs: 10, lost: 0, repeated: 0, firstStartMs: 1_500, drainMs: 19_000 },
    ...{ waitP50Ms: 1_000, waitP95Ms: 4_000, waitMaxMs: 5_000, podSeconds: 100, replicaChanges: 3 },
    ...{ brokerRequestsPerMinute: 60, ...figures },
  };
}

test("the burst is measured against a bare scale and its ideal", () => {
  const rows = [
    row("kubectl-scale", "single"),
    row("kubectl-scale", "burst", { drainMs: 16_500 }),
    row("jobwright", "burst", { firstStartMs: 1_700, drainMs: 18_150 }),
  ];
  const ratios = { drainVsIdeal: 1.1, drainVsScale: 1.1 };
  expect(verdictOf(rows, 15_000)).toEqual({ firstStartOverScaleMs: 200, ...ratios, repeated: 0, lost: 0 });
});

test("who is better on both is named; who is better on one is not", () => {
  const rows = [
    row("jobwright", "steps", { repeated: 2 }),
    row("keda-tuned", "steps", { config: "quicker and dearer", waitP95Ms: 3_000, podSeconds: 101 }),
    row("keda-tuned", "steps", { config: "quicker and cheaper", waitP95Ms: 3_000, podSeconds: 99 }),
    row("keda-default", "steps", { config: "slower and cheaper", waitP95Ms: 9_000, podSeconds: 50 }),
    row("keda-tuned", "burst", { waitP95Ms: 1, podSeconds: 1 }),
  ];
  expect(verdictOf(rows, 15_000)).toEqual({
    stepsWaitP95Ms: 4_000,
    betterOnBoth: ["keda-tuned: quicker and cheaper"],
    repeated: 2,
    lost: 0,
  });
});

test("rounds become one row: medians, and sums of what must not be", () => {
  const rounds = [1, 5, 3].map((repeated) => row("jobwright", "burst", { repeated, drainMs: repeated * 1_000 }));
  expect(overRounds([...rounds, row("jobwright", "single")])).toEqual([
    row("jobwright", "burst", { repeated: 9, drainMs: 3_000 }),
    row("jobwright", "single"),
  ]);
});
