import { expect, test } from "vitest";
import { isChosen, quickly } from "./selection.ts";

const burst = { name: "burst" };
const tuned = { subject: "keda-tuned", config: "queueLength 5, polling 1 s, amqp" };

test.each([
  [[], true],
  [["burst"], true],
  [["steps"], false],
  [["burst/jobwright"], false],
  [["burst/keda"], true],
  [["steps", "burst/queueLength 5"], true],
  [quickly, true],
])("%j chooses a run of KEDA's on the burst: %s", (only, chosen) => {
  expect(isChosen(only, burst, tuned)).toBe(chosen);
});
