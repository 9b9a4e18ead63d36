import { describe, expect, it } from "vitest";
import { brokerTime, type ClockProbe } from "./broker-time.ts";

/** A broker whose clock says 1,000,000 at our 0 and runs at 100. */
const probe = (sentMs: number, stampedMs: number, arrivedMs: number): ClockProbe => ({
  sentMs,
  arrivedMs,
  stampMs: Math.floor(1_000_000 + 100 * stampedMs),
});

describe("brokerTime", () => {
  it("is bounded by every probe near, and so by the quickest in each direction", () => {
    const probes = [probe(0, 1, 30), probe(100, 125, 126), probe(149, 150, 180)];
    // 1 ms of ours is 100 of the broker's; the first bound is from a probe that is 24 ms away.
    expect(brokerTime(probes, 100, 150)).toEqual({ fromMs: 1_015_000 - 100 - 2.4, toMs: 1_015_000 + 101 + 3 });
  });

  it("holds the truth, whatever the probes", () => {
    const probes = Array.from({ length: 50 }, (_, n) => probe(n * 20, n * 20 + (n % 7), n * 20 + (n % 7) + (n % 5)));
    const { fromMs, toMs } = brokerTime(probes, 100, 500) ?? { fromMs: 0, toMs: 0 };
    expect(fromMs).toBeLessThanOrEqual(1_050_000);
    expect(toMs).toBeGreaterThanOrEqual(1_050_000);
    expect(toMs - fromMs).toBeLessThan(10);
  });

  it("says nothing without a probe near, or where the clock does not run as said", () => {
    expect(brokerTime([probe(0, 1, 2)], 100, 60_000)).toBeUndefined();
    expect(brokerTime([probe(0, 0, 1), probe(100, 100, 101)], 50, 50)).toBeUndefined();
  });
});
