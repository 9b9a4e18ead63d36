import { expect, test } from "vitest";
import { parseMetrics } from "./metrics.ts";

const text = `# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{resource="jobqueues/status",method="PATCH",code="200"} 3
calls_total{resource="secrets",method="PATCH",code="201"} 4
calls_total{resource="secrets",method="GET",code="404"} 1
up 1
`;

test("sums samples, those of some labels, and by labels", () => {
  const metrics = parseMetrics(text);
  expect(metrics.sum("calls_total")).toBe(8);
  expect(metrics.sum("calls_total", ({ method }) => method === "PATCH")).toBe(7);
  expect(metrics.by("calls_total", "method", "resource")).toEqual({
    "PATCH jobqueues/status": 3,
    "PATCH secrets": 4,
    "GET secrets": 1,
  });
  expect(metrics.sum("up")).toBe(1);
  expect(metrics.sum("down")).toBe(0);
});
