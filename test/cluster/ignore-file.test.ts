import { expect, test } from "vitest";
import { isIgnored, parseIgnoreFile } from "./ignore-file.ts";

const rules = parseIgnoreFile(`# Only what the image is built from.
*
!package.json
!operator
**/node_modules
**/*.test.ts
`);

test.each([
  ["package.json", false],
  ["README.md", true],
  ["operator/src/main.ts", false],
  ["operator/src/main.test.ts", true],
  ["operator/node_modules/zod/index.js", true],
  ["docs/package.json", true],
])("%s: ignored is %s", (path, ignored) => {
  expect(isIgnored(path, rules)).toBe(ignored);
});

test("without rules nothing is ignored", () => {
  expect(isIgnored("a/b", parseIgnoreFile("\n# nothing\n"))).toBe(false);
});
