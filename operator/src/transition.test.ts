import { expect, test } from "vitest";
import type { Condition, EventRecorder } from "./kube/index.ts";
import { recordTransition } from "./transition.ts";

function ready(status: Condition["status"], reason: string, message = ""): Condition {
  return { type: "Ready", status, reason, message, lastTransitionTime: "2026-01-01T00:00:00Z" };
}

/** What is recorded when an object's readiness goes from one to the other. */
function recorded(before: Condition | undefined, after: Condition): string[] {
  const said: string[] = [];
  const events: EventRecorder = {
    record: (_object, type, reason, message) => said.push(`${type} ${reason} ${message}`.trim()),
    flush: () => Promise.resolve(),
  };
  recordTransition(events, { metadata: { name: "mail" }, status: { conditions: before ? [before] : [] } }, [after]);
  return said;
}

test("a problem is a warning, its end is not", () => {
  expect(recorded(undefined, ready("False", "VhostMissing", "no vhost"))).toEqual(["Warning VhostMissing no vhost"]);
  expect(recorded(ready("False", "VhostMissing"), ready("True", "Provisioned"))).toEqual(["Normal Provisioned"]);
  expect(recorded(ready("False", "VhostMissing"), ready("False", "NameTaken"))).toEqual(["Warning NameTaken"]);
});

test("a step on the way is no warning", () => {
  expect(recorded(ready("True", "Working"), ready("False", "RollingOut"))).toEqual(["Normal RollingOut"]);
});

test("what stays as it is, if in other words, is not recorded", () => {
  expect(recorded(ready("False", "WaitingForJobs", "3 jobs"), ready("False", "WaitingForJobs", "2 jobs"))).toEqual([]);
});
