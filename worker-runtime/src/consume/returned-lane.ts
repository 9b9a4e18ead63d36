import { delayTarget, laneQueue } from "../contract/index.ts";

/**
 * The lane of a job that came back to a bounded queue: the delay fabric keeps the key that names the queue which the job
 * was meant for.
 *
 * @returns undefined for the work queue, and where the key does not tell.
 */
export function returnedLane(queue: string, routingKey: string): string | undefined {
  const target = delayTarget(routingKey);
  const prefix = laneQueue(queue, "");
  if (target === undefined || !target.startsWith(prefix)) return undefined;
  const lane = target.slice(prefix.length);
  return lane === "" || lane.includes(".") ? undefined : lane;
}
