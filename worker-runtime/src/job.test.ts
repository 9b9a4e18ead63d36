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
  ])("refuses %j", (wrong, message) => {
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

  test("refuses to have nothing to do", () => {
    expect(() => defineWorker({ jobs: [] })).toThrow("jobs is empty");
  });
});
