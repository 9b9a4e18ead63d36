import { relative } from "node:path";

/** A test that did not hold, and why. */
export type Failure = { test: string; message: string };

/** What one file of tests came to. */
export type FileOutcome = { file: string; passed: number; failures: readonly Failure[] };

/** The part of vitest's JSON report that counts; its other fields are left alone. */
export type JsonReport = {
  testResults: readonly {
    name: string;
    status: string;
    message: string;
    assertionResults: readonly { fullName: string; status: string; failureMessages?: readonly string[] }[];
  }[];
};

/**
 * What each file of a run came to. A file that failed though none of its tests did (it could not be read, or what its tests need
 * could not be started) is one failure.
 *
 * @param root the folder from which files are named.
 */
export function outcomesOf(report: JsonReport, root: string): FileOutcome[] {
  return report.testResults.map(({ name, status, message, assertionResults }) => {
    const passed = assertionResults.filter((test) => test.status === "passed").length;
    const failures = assertionResults
      .filter((test) => test.status === "failed")
      .map(({ fullName, failureMessages = [] }) => ({ test: fullName, message: failureMessages.join("\n") }));
    if (status === "failed" && failures.length === 0) failures.push({ test: "the file as a whole", message });
    return { file: relative(root, name), passed, failures };
  });
}

/** A file's failures as a person wants them: which test, and the first lines of why, with no calls of the test runner itself. */
export function described({ file, failures }: FileOutcome, lines = 12): string {
  const ours = (line: string) => !line.includes("/node_modules/");
  const why = (message: string) => message.split("\n").filter(ours).slice(0, lines);
  return failures
    .map(({ test, message }) => [`${file}: ${test}`, ...why(message).map((line) => `    ${line}`)].join("\n"))
    .join("\n");
}
