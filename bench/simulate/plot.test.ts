import { expect, test } from "vitest";
import { oracle } from "./oracle.ts";
import { plotOf } from "./plot.ts";
import { overviewOf } from "./report.ts";
import { allTraces } from "./traces.ts";

const rows = allTraces(1)
  .slice(0, 4)
  .map((trace) => ({ trace: trace.name, subject: "oracle", config: "", ...oracle(trace) }));

test("a plot has a panel for each trace and a point for each subject, inside its panel", () => {
  const svg = plotOf(rows);
  expect(svg.match(/<g transform/g)).toHaveLength(4);
  const points = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)" r="5" fill="#009e73" fill-opacity/g)];
  expect(points).toHaveLength(4);
  for (const [, x, y] of points) {
    expect(Number(x)).toBeGreaterThan(40);
    expect(Number(x)).toBeLessThan(300);
    expect(Number(y)).toBeGreaterThan(20);
    expect(Number(y)).toBeLessThan(200);
  }
});

test("the overview has a line for each trace, and a cell for each subject", () => {
  const [heading, , single] = overviewOf(rows).split("\n");
  expect(heading).toBe("| p95 s / pod-s | oracle |");
  expect(single).toBe("| single | 0.0 / 2 |");
});
