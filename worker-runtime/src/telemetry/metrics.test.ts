import { expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";

test("a scrape tells what jobs did, as Prometheus reads it", async () => {
  const metrics = createMetrics();
  metrics.began("resize", 0.02);
  metrics.began("resize", 7_200);
  metrics.began("crop", 0);
  metrics.ended("resize", "done", 0.3);
  metrics.ended("resize", "done", 0.001);
  const lines = (await metrics.registry.metrics()).split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      "# TYPE jobwright_job_wait_seconds histogram",
      'jobwright_job_wait_seconds_bucket{le="0.01",job="resize"} 0',
      'jobwright_job_wait_seconds_bucket{le="0.05",job="resize"} 1',
      'jobwright_job_wait_seconds_bucket{le="3600",job="resize"} 1',
      'jobwright_job_wait_seconds_bucket{le="+Inf",job="resize"} 2',
      'jobwright_job_wait_seconds_sum{job="resize"} 7200.02',
      'jobwright_job_wait_seconds_count{job="resize"} 2',
      'jobwright_job_duration_seconds_bucket{le="0.001",job="resize"} 1',
      'jobwright_jobs_total{job="resize",outcome="done"} 2',
      'jobwright_jobs_in_flight{job="resize"} 0',
      'jobwright_jobs_in_flight{job="crop"} 1',
    ]),
  );
  // Counted once, however often it is told.
  expect(await metrics.registry.metrics()).toContain('jobwright_jobs_total{job="resize",outcome="done"} 2');
});

test("says which jobs ran since it was asked last", () => {
  const metrics = createMetrics();
  metrics.began("resize", 0);
  metrics.began("crop", 0);
  metrics.ended("crop", "done", 1);
  expect(metrics.ranLately()).toEqual(["resize", "crop"]);
  expect(metrics.ranLately()).toEqual(["resize"]);
});

test("a job that never ran is shown with zeros, so that its first failure is an increase", async () => {
  const lines = (await createMetrics(["resize"]).registry.metrics()).split("\n");
  for (const outcome of ["done", "retried", "failed"]) {
    expect(lines).toContain(`jobwright_jobs_total{job="resize",outcome="${outcome}"} 0`);
  }
  expect(lines).toContain('jobwright_jobs_in_flight{job="resize"} 0');
});
