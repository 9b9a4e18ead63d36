import type { WorkerPool } from "../api/objects.ts";
import { type Condition, type NewCondition, removeCondition, setCondition } from "../kube/index.ts";
import { type Alarm, alarmTypes } from "./alarms.ts";
import type { ScalerReport } from "./scaler-report.ts";

type Said = Omit<NewCondition, "type" | "observedGeneration">;

/** What a pool's status says beside its readiness: each condition is there while it holds, and goes with it. */
export function besideReadiness(
  pool: WorkerPool,
  conditions: readonly Condition[],
  report: ScalerReport | undefined,
  now: Date,
): Condition[] {
  const { generation: observedGeneration } = pool.metadata;
  const put = (list: readonly Condition[], type: string, said: Said | undefined) =>
    said === undefined ? removeCondition(list, type) : setCondition(list, { type, ...said, observedGeneration }, now);
  const withPause = put(conditions, "Paused", pausedSaid(pool));
  // Nothing is known of scaling, or nothing was decided yet: what was said last stands.
  if (report === undefined) return withPause;
  const { latest, alarms } = report;
  const withAlarms = alarmTypes.reduce((list, type) => put(list, type, alarmSaid(type, alarms)), withPause);
  return latest === undefined ? withAlarms : put(withAlarms, "TargetUnreachable", unreachableSaid(pool, latest));
}

function alarmSaid(type: Alarm["type"], alarms: readonly Alarm[]): Said | undefined {
  const alarm = alarms.find((one) => one.type === type);
  return alarm && { status: "True", reason: alarm.reason, message: alarm.message };
}

function pausedSaid({ spec }: WorkerPool): Said | undefined {
  return spec.paused
    ? {
        status: "True",
        reason: "PausedBySpec",
        message:
          "the workers that there are go on; no scaling and no rollout. Set spec.paused to false to have both again.",
      }
    : undefined;
}

function unreachableSaid(
  { spec }: WorkerPool,
  { recommendation, signals }: NonNullable<ScalerReport["latest"]>,
): Said | undefined {
  if (!recommendation.targetUnreachable) return undefined;
  const seconds = Math.round((signals.coldStartSeconds ?? 0) * 10) / 10;
  return {
    status: "True",
    reason: "ColdStartTooLong",
    message: `a pod takes ${seconds} s to start (the median of the last five), longer than scaling.targetWait ${spec.scaling.targetWait}, so a job that finds no free worker waits longer: raise targetWait, keep workers ready with minReplicas or schedules, or make pods start sooner.`,
  };
}
