import { returnsLane } from "@jobwright/worker-runtime/contract";
import { type Broker, type Ensured, emptyLane, removeLane } from "../broker/index.ts";
import type { Place } from "./status.ts";

/** The broker's counts of jobs in workers' hands are up to 5 s old. */
const quietForMs = 6_000;

/** Since when the queue of each leaving lane of one JobQueue was seen without a job, in every look since. */
export type LaneQuietSince = Map<string, number>;

/** What is to leave: lanes that the spec has no more, and under a lane's name of its own what came back to a queue that is bounded no more. */
export function leavingOf({ lanes, returns }: Pick<Ensured, "lanes" | "returns">): string[] {
  return [...lanes.leaving, ...(returns === "leaving" ? [returnsLane] : [])];
}

/** What status says of lanes and of what comes back. `left`: what {@link retireLanes} left. */
export function placedQueues(
  { lanes, returns }: Pick<Ensured, "lanes" | "returns">,
  left: readonly Leaving[],
): Pick<Place, "lanes" | "returns"> {
  const back = left.find(({ lane }) => lane === returnsLane);
  const there = returns === "serving" ? {} : back && { removing: back.removing };
  return {
    lanes: [...lanes.serving.map((lane) => ({ lane })), ...left.filter(({ lane }) => lane !== returnsLane)],
    ...(there === undefined ? {} : { returns: there }),
  };
}

/** What keeps a lane's queue. */
export interface Leaving {
  readonly lane: string;
  readonly removing: string;
}

/**
 * One step towards the end of {@link leavingOf} these: moves their jobs to where they are served, and deletes a queue once
 * it has been empty for a while. A job that a worker has in hand may still come back to it.
 *
 * @param quietSince of this JobQueue on this broker, from the last step.
 * @returns the lanes that are still there.
 */
export async function retireLanes(
  broker: Broker,
  name: string,
  lanes: readonly string[],
  quietSince: LaneQuietSince,
  now: () => number,
): Promise<Leaving[]> {
  // A lane that was wanted again meanwhile had jobs since: what was seen before says nothing of its next end.
  for (const lane of quietSince.keys()) if (!lanes.includes(lane)) quietSince.delete(lane);
  const left: Leaving[] = [];
  for (const lane of lanes) {
    const { ready, unacked } = await emptyLane(broker, name, lane);
    if (ready + unacked > 0) {
      quietSince.delete(lane);
      const removing = `${ready} jobs are being moved, ${unacked} are in workers' hands`;
      left.push({ lane, removing });
      continue;
    }
    const since = quietSince.get(lane) ?? now();
    quietSince.set(lane, since);
    if (now() - since >= quietForMs && (await removeLane(broker, name, lane))) quietSince.delete(lane);
    else left.push({ lane, removing: "no job is left; making sure for a few seconds that none comes back" });
  }
  return left;
}
