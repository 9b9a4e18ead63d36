import type { PastDecision } from "../api/worker-pool.ts";
import { headline } from "../autoscaling/explain.ts";

/** How many are kept, and for how long: `kubectl describe` tells of the last hour, as Events do. */
const atMost = 10;
const keepMs = 3_600_000;

/** Steps in one direction that follow each other this closely are one story, until it is this old. */
const togetherMs = 60_000;
const storyMs = 300_000;

/** A decision, and why it was made. */
export interface Made {
  readonly atMs: number;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly why: string;
}

/**
 * The list with one more decision, the newest first. A pool that grows or shrinks in many small steps tells one story and
 * not ten. Old ones go when a new one comes, so that the list of an idle pool stays as it is.
 */
export function remember(recent: readonly PastDecision[], made: Made): PastDecision[] {
  const [newest, ...older] = recent;
  const all =
    newest !== undefined && isOneStory(newest, made) ? [told(made, newest), ...older] : [told(made), ...recent];
  return all.filter(({ time }) => made.atMs - Date.parse(time) <= keepMs).slice(0, atMost);
}

function isOneStory(newest: PastDecision, made: Made): boolean {
  const sameWay = Math.sign(newest.replicas - newest.from) === Math.sign(made.to - made.from);
  const isHeld = made.to === made.from;
  return (
    sameWay &&
    newest.replicas === made.from &&
    (!isHeld || newest.reason === made.reason) &&
    made.atMs - Date.parse(newest.time) <= togetherMs &&
    made.atMs - Date.parse(newest.since ?? newest.time) <= storyMs
  );
}

function told({ atMs, from, to, reason, why }: Made, earlier?: PastDecision): PastDecision {
  const time = wholeSeconds(atMs);
  if (earlier === undefined) {
    return { time, from, replicas: to, reason, message: `${headline({ from, to })}: ${why}` };
  }
  const changes = (earlier.changes ?? 1) + 1;
  return {
    ...{ time, since: earlier.since ?? earlier.time, changes, from: earlier.from, replicas: to, reason },
    message: `${headline({ from: earlier.from, to })} in ${changes} steps: ${why}`,
  };
}

/** RFC 3339 without a fraction, as Kubernetes writes times. */
export function wholeSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}
