import type { Condition, EventRecorder, KubeObject } from "./kube/index.ts";

interface WithConditions extends KubeObject {
  status?: { conditions?: readonly Condition[] | undefined } | undefined;
}

/**
 * Records an Event when an object's readiness changes: from ready to a problem, from one problem to another, or back.
 * A pass that changes nothing records nothing.
 */
export function recordTransition(events: EventRecorder, object: WithConditions, next: readonly Condition[]): void {
  const ready = (conditions: readonly Condition[] | undefined) => conditions?.find(({ type }) => type === "Ready");
  const before = ready(object.status?.conditions);
  const after = ready(next);
  if (after === undefined || (before?.status === after.status && before.reason === after.reason)) return;
  events.record(object, after.status === "True" ? "Normal" : "Warning", after.reason, after.message);
}
