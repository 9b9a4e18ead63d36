import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { defineJob } from "./job.ts";
import { parseInput, writeInput } from "./message/input.ts";
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

describe("input", () => {
  test("is sent as given and transformed where it is read", async () => {
    const written = await writeInput(resize, { id: "a", width: "640" });
    expect(written.ok && written.content.toString()).toBe('{"id":"a","width":"640"}');
    expect(written.ok && (await parseInput(resize, written.content))).toEqual({
      ok: true,
      input: { id: "a", width: 640 },
    });
  });

  const dated = defineJob({ name: "dated", input: z.object({ at: z.date() }), run() {} });
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  test.each([
    [resize, { id: "a" }, "width"],
    [dated, { at: new Date() }, "expected date, received string"],
    [resize, cyclic, "cannot be written as JSON"],
    [resize, undefined, "which JSON has no word for"],
  ])("%#: what a worker could not read is not sent", async (job, input, problem) => {
    expect(await writeInput(job, input)).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
  });

  test("a body that is not JSON is refused, not thrown", async () => {
    expect(await parseInput(resize, Buffer.from("{"))).toMatchObject({
      ok: false,
      problem: expect.stringContaining("the body is not JSON"),
    });
  });

  test("a schema that throws is refused, not thrown", async () => {
    const input = z.string().transform(() => {
      throw new Error("boom");
    });
    const broken = defineJob({ name: "broken", input, run() {} });
    expect(await parseInput(broken, Buffer.from('"x"'))).toMatchObject({
      ok: false,
      problem: expect.stringContaining("boom"),
    });
  });
});
