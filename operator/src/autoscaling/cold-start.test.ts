import { describe, expect, test } from "vitest";
import { askedForAtMs, coldStartMs, recordColdStart, startColdStart } from "./cold-start.ts";

describe("cold start", () => {
  test("is unknown before one was measured", () => {
    expect(coldStartMs(startColdStart([]))).toBeUndefined();
  });

  test("is the median of the last five, those that status kept included", () => {
    let state = startColdStart([9_000, 9_000, 9_000]);
    for (const measured of [1_000, 2_000, 60_000, 3_000]) state = recordColdStart(state, measured);
    expect(state.measuredMs).toEqual([9_000, 1_000, 2_000, 60_000, 3_000]);
    expect(coldStartMs(state)).toBe(3_000);
  });

  test("counts from the scale-up where that fell in the second that the API server names", () => {
    expect(askedForAtMs(5_000, 5_700)).toBe(5_700);
    expect(askedForAtMs(5_000, 3_000)).toBe(5_000);
    expect(askedForAtMs(5_000, 9_000)).toBe(5_999);
    expect(askedForAtMs(5_000, undefined)).toBe(5_000);
  });
});
