import { expect, test } from "vitest";
import { described, type JsonReport, outcomesOf } from "./test-report.ts";

const report: JsonReport = {
  testResults: [
    {
      name: "/work/test/a.test.ts",
      status: "failed",
      message: "",
      assertionResults: [
        { fullName: "adds", status: "passed", failureMessages: [] },
        {
          fullName: "subtracts",
          status: "failed",
          failureMessages: [
            "AssertionError: expected 1 to be 2\n    at /work/node_modules/vitest/run.js:1\n    at a.test.ts:3",
          ],
        },
        { fullName: "divides", status: "skipped" },
      ],
    },
    { name: "/work/test/b.test.ts", status: "failed", message: "no server", assertionResults: [] },
    {
      name: "/work/test/c.test.ts",
      status: "passed",
      message: "",
      assertionResults: [{ fullName: "multiplies", status: "passed" }],
    },
  ],
};

test("passed tests are counted, failed ones named with why; a file whose tests could not begin is a failure", () => {
  expect(outcomesOf(report, "/work")).toEqual([
    {
      file: "test/a.test.ts",
      passed: 1,
      failures: [{ test: "subtracts", message: expect.stringContaining("expected 1 to be 2") }],
    },
    { file: "test/b.test.ts", passed: 0, failures: [{ test: "the file as a whole", message: "no server" }] },
    { file: "test/c.test.ts", passed: 1, failures: [] },
  ]);
});

test("a file's failures are described by its name, the test and the first lines of why, without vitest's own", () => {
  const [failed] = outcomesOf(report, "/work");
  expect(failed && described(failed, 2)).toBe(
    "test/a.test.ts: subtracts\n    AssertionError: expected 1 to be 2\n        at a.test.ts:3",
  );
});
