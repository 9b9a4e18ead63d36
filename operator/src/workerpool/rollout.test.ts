import { expect, test } from "vitest";
import type { Deployment } from "./deployment.ts";
import type { Pod } from "./pods.ts";
import { isRolloutInProgress } from "./rollout.ts";

const progressing = (status: string, reason: string): Deployment => ({
  metadata: { name: "mail" },
  spec: {},
  status: { conditions: [{ type: "Progressing", status, reason }] },
});
const of = (template: string): Pod => ({ metadata: { name: template, labels: { "pod-template-hash": template } } });

test("nobody is taken away while workers of two templates are there, until Kubernetes gives the rollout up", () => {
  const going = progressing("True", "ReplicaSetUpdated");
  const givenUp = progressing("False", "ProgressDeadlineExceeded");
  expect(isRolloutInProgress(going, [of("a"), of("b")], false)).toBe(true);
  expect(isRolloutInProgress(undefined, [of("a"), of("b")], false)).toBe(true);
  expect(isRolloutInProgress(givenUp, [of("a"), of("b")], false)).toBe(false);
  expect(isRolloutInProgress(going, [of("a")], false)).toBe(false);
  // The next template may do better.
  expect(isRolloutInProgress(givenUp, [of("a")], true)).toBe(true);
});
