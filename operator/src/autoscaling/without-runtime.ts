import type { PodView } from "./signals.ts";

/** A ready pod that was not heard for so long, while others could be, runs an image without our runtime. */
const unheardMs = 30_000;

/** The broker counts every five seconds. Three counts without a job in anybody's hands let workers go that cannot be asked. */
const quietMs = 15_000;

/** What was read longer ago says nothing any more. */
const staleMs = 20_000;

/** What the broker's statistics say of the pool's queues. */
export interface Served {
  readonly atMs: number;
  /** Deliveries that nobody has acknowledged yet. */
  readonly unacked: number;
  /** Deliveries acknowledged since the broker began to count; undefined where it keeps no such statistics. */
  readonly acked: number | undefined;
}

/** The workers of a pool that neither report nor take commands, known by the broker's figures alone. */
export interface WithoutRuntime {
  readonly pods: ReadonlySet<string>;
  /** Whether the broker's figures are known. */
  readonly known: boolean;
  /** Whether they may be taken away: no job waited or was in anybody's hands for some time. */
  readonly quiet: boolean;
  /** There are some, and they may not. */
  readonly holds: boolean;
  /** Since when each ready pod is not heard. */
  readonly unheardSinceMs: ReadonlyMap<string, number>;
  readonly quietSinceMs: number | undefined;
  readonly served: Served | undefined;
  /** Their share of what service time is made of: time that deliveries spent with them, and how many ended. */
  readonly busySeconds: number;
  readonly ended: number;
}

export const nobodyWithoutRuntime: WithoutRuntime = {
  ...{ pods: new Set(), known: false, quiet: false, holds: false, unheardSinceMs: new Map() },
  ...{ quietSinceMs: undefined, served: undefined, busySeconds: 0, ended: 0 },
};

/**
 * @param input `isHeard`: whether a pod's worker ever reported. `ready`: jobs ready on the broker, undefined where it does not
 *   answer, and then nobody can be heard either.
 */
export function observeWithoutRuntime(
  before: WithoutRuntime,
  input: {
    readonly nowMs: number;
    readonly podViews: readonly PodView[];
    isHeard(pod: string): boolean;
    readonly ready: number | undefined;
    readonly served: Served | undefined;
  },
): WithoutRuntime {
  const { nowMs, ready } = input;
  const unheard = input.podViews.filter(({ name, ready: isReady }) => isReady && !input.isHeard(name));
  const since = (pod: string) => {
    const sinceMs = before.unheardSinceMs.get(pod) ?? nowMs;
    return ready === undefined && !before.pods.has(pod) ? nowMs : sinceMs;
  };
  const unheardSinceMs = new Map(unheard.map(({ name }) => [name, since(name)]));
  const pods = new Set([...unheardSinceMs].filter(([, sinceMs]) => nowMs - sinceMs >= unheardMs).map(([pod]) => pod));
  const served = input.served !== undefined && nowMs - input.served.atMs <= staleMs ? input.served : undefined;
  const nothing = ready === 0 && served?.unacked === 0;
  const quietSinceMs = nothing ? (before.quietSinceMs ?? nowMs) : undefined;
  const quiet = quietSinceMs !== undefined && nowMs - quietSinceMs >= quietMs;
  return {
    ...{ pods, quiet, holds: pods.size > 0 && !quiet },
    known: served !== undefined,
    unheardSinceMs,
    quietSinceMs,
    served: served ?? before.served,
    ...workDone(before, served),
  };
}

/** By Little's law: the deliveries in hand over time, ÷ those that ended, is how long one takes. */
function workDone({ served: last, busySeconds, ended }: WithoutRuntime, now: Served | undefined) {
  if (now?.acked === undefined || last?.acked === undefined || now.atMs <= last.atMs) return { busySeconds, ended };
  const seconds = (now.atMs - last.atMs) / 1000;
  // A broker that was restarted counts from 0 again.
  const acked = now.acked - last.acked;
  if (acked < 0) return { busySeconds, ended };
  return { busySeconds: busySeconds + ((last.unacked + now.unacked) / 2) * seconds, ended: ended + acked };
}
