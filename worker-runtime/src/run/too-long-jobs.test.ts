import { expect, test } from "vitest";
import { warnOfTooLongJobs } from "./too-long-jobs.ts";

test("jobs that may outlast what the broker lets a worker keep are warned of, by name", () => {
  const warned: unknown[] = [];
  const log = { warn: (facts: { job: string }) => void warned.push(facts.job) };
  const jobs = [
    { name: "short", timeoutMs: 59_999 },
    { name: "long", timeoutMs: 60_000 },
    { name: "open", timeoutMs: undefined },
  ];
  warnOfTooLongJobs(jobs, 60_000, log);
  expect(warned).toEqual(["long"]);
  warnOfTooLongJobs(jobs, undefined, log);
  expect(warned).toEqual(["long"]);
});
