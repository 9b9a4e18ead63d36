import type { Condition, EventRecorder, KubeObject } from "./kube/index.ts";

interface WithConditions extends KubeObject {
  status?: { conditions?: readonly Condition[] | undefined } | undefined;
}

/** Why an object is not ready while all goes well: steps on its way, no cause for a warning. */
const steps = new Set(["QueueNotReady", "RollingOut", "Draining", "WaitingForJobs"]);

/**
 * Records an Event when an object's readiness changes: from ready to a problem, from one problem to another, or back.
 * A pass that changes nothing records nothing.
 */
export function recordTransition(events: EventRecorder, object: WithConditions, next: readonly Condition[]): void {
  const ready = (conditions: readonly Condition[] | undefined) => conditions?.find(({ type }) => type === "Ready");
  const before = ready(object.status?.conditions);
  const after = ready(next);
  if (after === undefined || (before?.status === after.status && before.reason === after.reason)) return;
  const goesWell = after.status === "True" || steps.has(after.reason);
  events.record(object, goesWell ? "Normal" : "Warning", after.reason, after.message);
}
