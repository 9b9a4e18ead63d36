import type { EventRecorder, KubeObject } from "../kube/index.ts";

/** Reports what was found changed by other hands and has been put right, a clause for each thing; nothing if there are none. */
export function recordDrift(events: EventRecorder, object: KubeObject, found: readonly string[]): void {
  if (found.length > 0) events.record(object, "Warning", "Drifted", driftMessage(found));
}

/** What a Drifted Event says. */
export function driftMessage(found: readonly string[]): string {
  const lost = found.some((clause) => /^queue ".*" was missing/.test(clause));
  return `found changed on the broker and put right: ${found.join("; ")}${lost ? ". What was in a deleted queue is lost." : ""}`;
}
