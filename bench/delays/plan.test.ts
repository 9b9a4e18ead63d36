import { describe, expect, it } from "vitest";
import { planDelays } from "./plan.ts";

describe("planDelays", () => {
  it("has both sides of each level's edge, and the rest within its bounds", () => {
    const delays = planDelays(1_000, 1, 100, 1);
    for (const edge of [1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65]) expect(delays).toContain(edge);
    expect(delays).toHaveLength(1_000);
    expect(Math.min(...delays)).toBe(1);
    expect(Math.max(...delays)).toBeLessThanOrEqual(100);
  });

  it("is the same for the same seed", () => {
    expect(planDelays(50, 60, 86_400, 3)).toEqual(planDelays(50, 60, 86_400, 3));
  });
});
