import type { WorkerPool } from "../api/objects.ts";
import type { GrowthLimit } from "../autoscaling/growth-limit.ts";
import type { Stuck } from "../autoscaling/stuck.ts";
import type { Condition, EventRecorder } from "../kube/index.ts";
import { mannerOf } from "./manner.ts";

/** The conditions that a pool has only while something is the matter. */
export const alarmTypes = ["WorkersStuck", "ScalingLimited"] as const;

/**
 * So long a new leader believes the one before: its workers have yet to report, and what Kubernetes does not give is looked at
 * for ten seconds first (`scarcity.ts`).
 */
const inheritMs = 20_000;

/** One of them: why, in a word and in a sentence that stays the same as long as nothing changes. */
export interface Alarm {
  readonly type: (typeof alarmTypes)[number];
  readonly reason: string;
  readonly message: string;
}

/** Keeps what the conditions say, and reports what begins and what is over. */
export interface Alarms {
  readonly now: readonly Alarm[];
  /** Takes in what one step found. Returns whether there is something new to show. */
  note(pool: WorkerPool, found: { stuck: Stuck; limit: GrowthLimit | undefined }, nowMs: number): boolean;
}

/** @param kept the conditions that the status shows already: a new leader does not report them again. */
export function createAlarms(events: EventRecorder, kept: readonly Condition[] = []): Alarms {
  let now: readonly Alarm[] = kept.flatMap(({ type, reason, message }) => {
    const known = alarmTypes.find((one) => one === type);
    return known === undefined ? [] : [{ type: known, reason, message }];
  });
  const inherited = now;
  let stuckPods = "";
  let inheritsUntilMs: number | undefined;

  function stuckAlarm({ workers, limitSeconds }: Stuck): Alarm | undefined {
    if (workers.length === 0) return undefined;
    const pods = JSON.stringify(workers.map(({ pod }) => pod).toSorted());
    const before = now.find(({ type }) => type === "WorkersStuck");
    // The moments that heartbeats tell differ by some ms: said once, they are not worked out again.
    if (before !== undefined && pods === stuckPods) return before;
    stuckPods = pods;
    const shown = workers.slice(0, 3).map(({ pod, runSinceMs }) => `${pod} (since ${wholeSeconds(runSinceMs)})`);
    const more = workers.length > 3 ? ` and ${workers.length - 3} more` : "";
    return {
      type: "WorkersStuck",
      reason: "RunsDoNotEnd",
      message: `a job runs for longer than ${Math.round(limitSeconds / 60)} min (the longer of 5 min and three times the longest run so far): ${shown.join(", ")}${more}. Look at their logs; give the job a timeout, or delete the pod to have its jobs done again`,
    };
  }

  return {
    get now() {
      return now;
    },
    note(pool, { stuck, limit }, nowMs) {
      inheritsUntilMs ??= nowMs + inheritMs;
      // In the other modes nothing wants to grow.
      const limited: Alarm | undefined =
        mannerOf(pool.spec) === "Auto" && limit !== undefined
          ? {
              type: "ScalingLimited",
              reason: limit.reason,
              message: limit.message,
            }
          : undefined;
      const found = [stuckAlarm(stuck), limited].filter((alarm) => alarm !== undefined);
      const before = now;
      const believed = nowMs < inheritsUntilMs ? inherited.filter((alarm) => before.includes(alarm)) : [];
      const next = alarmTypes.flatMap((one) => [...found, ...believed].find(({ type }) => type === one) ?? []);
      now = next;
      for (const type of alarmTypes) {
        const [was, is] = [before, next].map((alarms) => alarms.find((alarm) => alarm.type === type));
        if (is !== undefined && is.reason !== was?.reason) events.record(pool, "Warning", eventOf(is), is.message);
        if (is === undefined && was !== undefined)
          events.record(pool, "Normal", "AlarmOver", `${eventOf(was)} no more`);
      }
      return JSON.stringify(before) !== JSON.stringify(next);
    },
  };
}

/** A reason says more of a limit than that there is one. */
function eventOf({ type, reason }: Alarm): string {
  return type === "ScalingLimited" ? reason : type;
}

function wholeSeconds(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d{3}Z$/, "Z");
}
