import { expect, test } from "vitest";
import { driftMessage } from "./report.ts";

test("says what was found, and of a queue that what was in it is lost", () => {
  expect(driftMessage(['exchange "a.b" was missing', 'policy "p" had priority 1 instead of 100'])).toBe(
    'found changed on the broker and put right: exchange "a.b" was missing; policy "p" had priority 1 instead of 100',
  );
  expect(driftMessage(['queue "a.b" was missing'])).toMatch(/missing\. What was in a deleted queue is lost\.$/);
});
