import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { defineJob } from "./job.ts";
import { defineWorker, isWorkerDefinition } from "./worker-definition.ts";

const resize = defineJob({
  name: "resize",
  input: z.object({ id: z.string(), width: z.coerce.number().int() }),
  timeout: "2m",
  run({ width }) {
    expectTypeOf(width).toEqualTypeOf<number>();
  },
});

describe("defineJob", () => {
  test("reads the timeout", () => {
    expect(resize.timeoutMs).toBe(120_000);
  });

  test.each([
    [{ name: "re size" }, 'name "re size" is not a job\'s name'],
    [{ name: "a.b" }, 'name "a.b" is not a job\'s name'],
    [{ timeout: "2 minutes" }, 'defineJob "resize": timeout: "2 minutes" is not a duration'],
    [{ timeout: "0s" }, 'defineJob "resize": timeout: 0s is out of range'],
    [{ timeout: "600h" }, "expected more than 0 and at most 596h"],
    [{ input: {} as z.ZodType }, 'defineJob "resize": input is not a zod schema'],
    [{ run: undefined as never }, 'defineJob "resize": run is undefined'],
    [{ name: 5n as never }, "defineJob: name 5n is not a job's name"],
    [{ timeout: 30 as never }, 'defineJob "resize": timeout is 30: expected a duration such as 30s'],
    [{ rateLimit: null as never }, 'defineJob "resize": rateLimit is null: expected something like'],
    [
      { rateLimit: { jobs: Number.NaN, per: "1s" } },
      'defineJob "resize": rateLimit: jobs is NaN: expected a whole number',
    ],
    [{ rateLimit: { jobs: 5n as never, per: "1s" } }, "jobs is 5n"],
  ])("%#: refuses what is wrong", (wrong, message) => {
    expect(() => defineJob({ name: "resize", input: z.string(), run() {}, ...wrong })).toThrow(message);
  });
});

describe("defineWorker", () => {
  test("makes what the command recognises", () => {
    expect(isWorkerDefinition(defineWorker({ jobs: [resize] }))).toBe(true);
    expect(isWorkerDefinition({ jobs: [resize] })).toBe(false);
  });

  test("refuses two jobs of one name", () => {
    expect(() => defineWorker({ jobs: [resize, resize] })).toThrow('two jobs are named "resize"');
  });

  test("refuses what defineJob has not made", () => {
    expect(() => defineWorker({ jobs: [{ name: "resize", run() {} } as never] })).toThrow("jobs[0] is not a job");
  });

  test.each([
    [null as never, "circuitBreaker is null: expected false or something like"],
    [true as never, "circuitBreaker is true"],
    [{ failures: 5n as never }, "circuitBreaker.failures is 5n: expected a whole number"],
    [{ backoff: "5m", maxBackoff: "1s" }, "circuitBreaker.maxBackoff is 1s, less than backoff (5m)"],
  ])("%#: refuses a circuit breaker that makes no sense", (circuitBreaker, message) => {
    expect(() => defineWorker({ jobs: [resize], circuitBreaker })).toThrow(message);
  });

  test("refuses to have nothing to do", () => {
    expect(() => defineWorker({ jobs: [] })).toThrow("jobs is empty");
  });
});
