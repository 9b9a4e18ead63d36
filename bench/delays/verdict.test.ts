import { describe, expect, it } from "vitest";
import { type Arrival, judge } from "./verdict.ts";

const arrival = (atMs: number, { upSinceMs = 0, rate = 1 } = {}): Arrival => ({
  at: { fromMs: atMs - 1, toMs: atMs + 1 },
  upSinceMs,
  rate,
});

describe("judge", () => {
  it("counts what never came, what came too soon and what came again", () => {
    const verdict = judge([
      { dueMs: 1_000, arrivals: [] },
      { dueMs: 1_000, arrivals: [arrival(900)] },
      { dueMs: 1_000, arrivals: [arrival(1_010), arrival(2_000)] },
    ]);
    expect(verdict).toMatchObject({ jobs: 3, lost: 1, early: 1, duplicates: 1, lateMsMax: 10, clockErrorMs: 2 });
  });

  it("calls nothing early that the clock's error may explain", () => {
    expect(judge([{ dueMs: 1_000, arrivals: [arrival(999.5)] }]).early).toBe(0);
  });

  it("counts lateness from when the broker was up, in real time", () => {
    const late = judge([{ dueMs: 1_000, arrivals: [arrival(60_000, { upSinceMs: 50_000, rate: 1_000 })] }]);
    expect(late.lateMsMax).toBe(10);
  });
});
