import { expect, test } from "vitest";
import type { Condition } from "../kube/index.ts";
import { keptOf } from "./kept.ts";

const nowMs = Date.parse("2026-03-02T08:00:00Z");
const limited = (reason: string): Condition => ({
  ...{ type: "ScalingLimited", status: "True", reason, message: "no more" },
  lastTransitionTime: "2026-03-02T07:00:00Z",
});

test("a new leader goes on from the measurements, and from a limit that only they tell of", () => {
  const measured = { serviceTimeMs: 500, coldStartMs: [1_400], longestRunMs: 9_000 };
  expect(keptOf({ status: { measured, conditions: [limited("Failing")] } }, nowMs)).toEqual({
    ...{ serviceTimeMs: 500, coldStartMs: [1_400], longestRun: { seconds: 9, atMs: nowMs } },
    limit: { reason: "Failing", message: "no more" },
  });
});

test("what Kubernetes refuses is asked for anew", () => {
  expect(keptOf({ status: { conditions: [limited("PodsRefused")] } }, nowMs).limit).toBeUndefined();
  expect(keptOf({}, nowMs)).toMatchObject({ limit: undefined, longestRun: undefined });
});
