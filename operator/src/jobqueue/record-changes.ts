import type { JobQueue } from "../api/objects.ts";
import type { BrokerAddress, Ensured } from "../broker/index.ts";
import { recordDrift } from "../drift/report.ts";
import type { EventRecorder } from "../kube/index.ts";
import { describePlace, placeOfStatus, whereabouts } from "./broker-place.ts";
import { bindingNews } from "./event-bindings.ts";

/** Reports that the JobQueue is at `address` from now on, as its user accepted; nothing at the old place is touched. */
export function recordMove(events: EventRecorder, jobQueue: JobQueue, address: BrokerAddress): void {
  const from = placeOfStatus(jobQueue);
  if (from === undefined || whereabouts(jobQueue, address) !== "Accepted") return;
  const old = describePlace(from);
  const message = `is at ${describePlace(address)} now, as was accepted; what it had at ${old}, jobs and users included, is left there`;
  events.record(jobQueue, "Normal", "Moved", message);
}

/**
 * Reports what a pass made, took over or put right on the broker.
 *
 * @param name resolved.
 * @param broughtGeneration the one that this process last brought to the broker; undefined: none yet.
 */
export function recordChanges(
  events: EventRecorder,
  jobQueue: JobQueue,
  name: string,
  { created, adopted, reinjected, ...ensured }: Ensured,
  broughtGeneration: number | undefined,
): void {
  const { came, changed } = bindingNews(jobQueue, ensured.eventBindings.changed);
  const drifted = [...ensured.drifted, ...changed];
  for (const exchange of came)
    events.record(jobQueue, "Normal", "Bound", `exchange "${exchange}" exists now, and the queue is bound to it`);
  if (created) {
    // A new one's first Event is that it is Ready, which says as much.
    if (isReady(jobQueue))
      events.record(
        jobQueue,
        "Normal",
        "Created",
        `made exchange, queue and dead-letter queue "${name}" on the broker`,
      );
  } else if (adopted.length > 0) {
    const made = drifted.length > 0 ? `; what it lacks was made: ${drifted.join("; ")}` : "";
    events.record(jobQueue, "Normal", "Adopted", `took over ${adopted.join(" and ")}${made}`);
  } else if (drifted.length > 0) {
    const known = broughtGeneration ?? readyGeneration(jobQueue);
    const edited = known !== jobQueue.metadata.generation;
    if (edited)
      events.record(jobQueue, "Normal", "Updated", `brought the broker to the new spec: ${drifted.join("; ")}`);
    else recordDrift(events, jobQueue, drifted);
  }
  if (reinjected > 0) {
    events.record(
      jobQueue,
      "Normal",
      "Reinjected",
      `${reinjected} delayed jobs had waited for this queue and are in it now`,
    );
  }
}

/** A status that is not ready may speak of a generation that never got to the broker. */
function readyGeneration(jobQueue: JobQueue): number | undefined {
  return isReady(jobQueue) ? jobQueue.status?.observedGeneration : undefined;
}

function isReady({ status }: JobQueue): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false;
}
