import { describe, expect, test } from "vitest";
import type { WorkerPool } from "../api/objects.ts";
import { type DisruptionBudget, isOfPool, planDisruptionBudget, poolDisruptionBudget } from "./disruption-budget.ts";

const template = { metadata: { labels: { team: "post" } }, spec: { containers: [] } };
const pool = {
  ...{ apiVersion: "jobwright.dev/v1alpha1", kind: "WorkerPool" },
  metadata: { name: "mail", namespace: "ns", uid: "1" },
  spec: { template },
} as unknown as WorkerPool;
const own = poolDisruptionBudget(pool);
const other = (selector: NonNullable<DisruptionBudget["spec"]>["selector"], name = "theirs"): DisruptionBudget => ({
  metadata: { name },
  ...(selector && { spec: { selector } }),
});

describe("a pool's disruption budget", () => {
  test("is made where there is none, mended where it was changed, and else left alone", () => {
    expect(planDisruptionBudget(pool, [])).toBe("Apply");
    expect(planDisruptionBudget(pool, [own])).toBe("Nothing");
    expect(planDisruptionBudget(pool, [{ ...own, spec: { ...own.spec, maxUnavailable: 0 } }])).toBe("Apply");
  });

  test.each([
    ["all pods of the namespace", {}],
    ["the pool's pods", { matchLabels: { "jobwright.dev/pool": "mail" } }],
    ["a label of the template", { matchLabels: { team: "post" } }],
    ["one of several values", { matchExpressions: [{ key: "team", operator: "In", values: ["post", "web"] }] }],
    ["a label that is there", { matchExpressions: [{ key: "team", operator: "Exists" }] }],
    ["what others are not", { matchExpressions: [{ key: "team", operator: "NotIn", values: ["web"] }] }],
  ])("gives way to one of somebody else's for %s", (_what, selector) => {
    expect(planDisruptionBudget(pool, [other(selector), own])).toBe("Delete");
    expect(planDisruptionBudget(pool, [other(selector)])).toBe("Nothing");
  });

  test.each([
    ["other pods", { matchLabels: { team: "web" } }],
    ["pods without the label", { matchExpressions: [{ key: "team", operator: "DoesNotExist" }] }],
    ["nobody", undefined],
  ])("stands beside one for %s", (_what, selector) => {
    expect(planDisruptionBudget(pool, [other(selector), own])).toBe("Nothing");
  });

  test("is known for some pool's own", () => {
    expect(isOfPool(own)).toBe(true);
    expect(isOfPool(other({}))).toBe(false);
  });

  test("is not put in the place of somebody else's", () => {
    expect(planDisruptionBudget(pool, [other(undefined, own.metadata.name)])).toBe("Nothing");
  });
});
