import { Gauge, Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { describedBy, unitOf } from "./described.ts";

test("tells name, type, labels and help, but no label that prom-client adds", async () => {
  const registry = new Registry();
  new Gauge({ name: "letters", help: "Letters.", labelNames: ["box"], registers: [registry] });
  new Histogram({ name: "wait_seconds", help: "Wait.", registers: [registry] });
  expect(await describedBy(registry)).toEqual([
    { name: "letters", type: "gauge", labels: ["box"], help: "Letters." },
    { name: "wait_seconds", type: "histogram", labels: [], help: "Wait." },
  ]);
});

test.each([
  ["jobwright_pool_lag_seconds", "gauge", "s"],
  ["jobwright_pool_arrivals_per_second", "gauge", "1/s"],
  ["jobwright_broker_last_contact_timestamp_seconds", "gauge", "s since 1970"],
  ["process_cpu_seconds_total", "counter", "s"],
  ["process_heap_bytes", "gauge", "bytes"],
  ["jobwright_jobs_total", "counter", "count"],
  ["jobwright_pool_replicas", "gauge", ""],
])("%s is a %s in %s", (name, type, unit) => {
  expect(unitOf({ name, type })).toBe(unit);
});
