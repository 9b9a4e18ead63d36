import { isActive, type PodView, type WorkerReport } from "../autoscaling/signals.ts";
import { type DeletionRank, deletedBefore } from "./deletion-order.ts";

/** The deletion cost of a drained pod. Any below 0, the cost of pods without the annotation, would do. */
export const drainedDeletionCost = -1000;

/** A Drained report that reached us sooner than this after un-cordoning may have been sent before the worker heard. */
const uncordonSettlesMs = 3_000;

/**
 * A pod that has a node may begin to work at any moment, before anything is seen or heard of it; only one that has not
 * done so for this long is taken for one that will not (an image that cannot be had, a crash loop).
 */
const startMs = 30_000;

/** A pod of the pool and what its worker last reported. */
export interface Worker extends PodView, DeletionRank {
  /** The worker's last report; undefined before the first. */
  readonly report: WorkerReport | undefined;
}

export interface DrainInput {
  readonly nowMs: number;
  readonly workers: readonly Worker[];
  /** `spec.replicas` of the Deployment now. */
  readonly currentReplicas: number;
  /** Workers wanted: the decision, or `spec.replicas` in Manual mode. */
  readonly desiredReplicas: number;
  /** More than one ReplicaSet has pods: deletion costs rank within one only, so nothing is taken away. */
  readonly rolloutInProgress: boolean;
  /**
   * The pods have a readiness probe that need not notice that a worker is drained. Then the deletion cost alone says who goes,
   * which it does among pods that are ready.
   */
  readonly mayBeReadyWhenDrained?: boolean;
  /** Workers without our runtime that may go: for some time nobody had a job of the queue in hand. */
  readonly quiet?: ReadonlySet<string>;
  /** From the last plan: when each worker was last told to take jobs again, ms. */
  readonly uncordonedAtMs: ReadonlyMap<string, number>;
}

/** What to do now; planning again after doing it changes nothing until something is observed to change. */
export interface DrainPlan {
  /** Pods to send Cordon. Repeated until they report it. */
  readonly cordon: readonly string[];
  /** Pods to send Uncordon. Repeated until they report it. */
  readonly uncordon: readonly string[];
  /** Pods to give {@link drainedDeletionCost}. */
  readonly markDrained: readonly string[];
  /** Pods to take the deletion cost from. */
  readonly unmark: readonly string[];
  /** What `spec.replicas` of the Deployment should be now. */
  readonly replicas: number;
  /** Pods that should go but cannot yet: they still work, or are not yet seen NotReady and marked. */
  readonly waitingFor: readonly string[];
  /** To pass to the next plan. */
  readonly uncordonedAtMs: ReadonlyMap<string, number>;
}

/**
 * Plans one step towards `desiredReplicas` workers so that no pod with work is ever deleted: the idlest are cordoned,
 * drained ones marked, and `replicas` lowered only by as many pods as the ReplicaSet is certain to take from those
 * that have no work. A demand that comes back takes cordoned workers back first, the busiest of them first.
 */
export function planDrain(input: DrainInput): DrainPlan {
  const { currentReplicas, desiredReplicas, rolloutInProgress } = input;
  const active = input.workers.filter(isActive);
  const known = active.map((worker) => ({ worker, stage: stageOf(worker, input) }));
  const surplus = rolloutInProgress ? 0 : Math.max(0, active.length - desiredReplicas);
  const leaving = new Set(
    known
      .filter(({ stage }) => stage !== "Unheard")
      .toSorted(byReadinessToLeave)
      .slice(0, surplus)
      .map(({ worker }) => worker.name),
  );
  // During a rollout cordoned workers stay as they are, unless they are needed.
  // Whatever a report of before said, a pod without a process can be told nothing.
  const cordoned = known.filter(
    ({ worker, stage }) => isCordoned(worker) && stage !== "NotStarted" && stage !== "Starting",
  );
  const needed = rolloutInProgress ? Math.max(0, desiredReplicas - (active.length - cordoned.length)) : cordoned.length;
  const uncordon = cordoned
    .filter(({ worker }) => !leaving.has(worker.name))
    .toSorted((a, b) => byReadinessToLeave(b, a))
    .slice(0, needed)
    .map(({ worker }) => worker.name);

  const isMarked = (worker: Worker) => worker.deletionCost < 0;
  const mayYetStart = ({ scheduled, createdAtMs }: Worker) => scheduled && input.nowMs - createdAtMs < startMs;
  const removable = ({ worker, stage }: Staged): boolean => {
    if ((stage === "NotStarted" || stage === "Starting") && mayYetStart(worker)) return false;
    // Of the quiet ones any may go.
    if (stage === "NotStarted" || stage === "Quiet") return true;
    const isSeen = !worker.ready || input.mayBeReadyWhenDrained === true;
    return leaving.has(worker.name) && (stage === "Drained" || stage === "Starting") && isSeen && isMarked(worker);
  };
  const removed = Math.min(surplus, certainToGoFirst(known, removable));
  const lowered = Math.min(currentReplicas, Math.max(desiredReplicas, active.length - removed));

  return {
    cordon: known
      .filter(({ worker, stage }) => leaving.has(worker.name) && (stage === "Running" || stage === "Silent"))
      .filter(({ worker, stage }) => worker.report?.state === "Running" || (stage === "Running" && isCordoned(worker)))
      .map(({ worker }) => worker.name),
    uncordon,
    markDrained: known
      .filter(({ worker, stage }) => leaving.has(worker.name) && (stage === "Drained" || stage === "Starting"))
      .filter(({ worker }) => !isMarked(worker))
      .map(({ worker }) => worker.name),
    unmark: active
      .filter(
        (worker) =>
          isMarked(worker) && (rolloutInProgress ? uncordon.includes(worker.name) : !leaving.has(worker.name)),
      )
      .map(({ name }) => name),
    replicas:
      rolloutInProgress || desiredReplicas >= currentReplicas ? Math.max(currentReplicas, desiredReplicas) : lowered,
    waitingFor: known.filter((one) => leaving.has(one.worker.name) && !removable(one)).map(({ worker }) => worker.name),
    uncordonedAtMs: rememberUncordoned(input, active, uncordon),
  };
}

/**
 * How near a worker is to leaving:
 * - `NotStarted`: Pending, and nothing of it ran yet. A ReplicaSet deletes these before all others.
 * - `Drained`: cordoned and without work.
 * - `Starting`: not ready, and never heard, or without a process since: starting, or crashing again and again.
 * - `Quiet`: without our runtime, and nobody has a job of the queue in hand.
 * - `Cordoned`: finishing its work.
 * - `Running`: taking jobs.
 * - `Silent`: not heard for some time. It may have any work.
 * - `Unheard`: ready, and never heard: perhaps no runtime of ours, so it can neither be told to drain nor asked.
 */
type Stage = (typeof stages)[number];
const stages = ["NotStarted", "Drained", "Starting", "Quiet", "Cordoned", "Running", "Silent", "Unheard"] as const;

interface Staged {
  readonly worker: Worker;
  readonly stage: Stage;
}

function stageOf(worker: Worker, input: DrainInput): Stage {
  const { report } = worker;
  // A kubelet tells of a process a second after it began; by then it may have been heard, and run a job.
  const hasProcess = report !== undefined && report.state !== "Stopped" && (worker.processRunning || report.fresh);
  if (!hasProcess && !worker.ready) {
    // A pod of several containers is Pending until all of them run.
    return worker.phase === "Pending" && !worker.processRunning ? "NotStarted" : "Starting";
  }
  if (report === undefined) return input.quiet?.has(worker.name) ? "Quiet" : "Unheard";
  if (!report.fresh) return "Silent";
  if (report.state === "Drained" && report.busy === 0) {
    const uncordonedAtMs = input.uncordonedAtMs.get(worker.name);
    const mayBeRunning = uncordonedAtMs !== undefined && report.heardAtMs < uncordonedAtMs + uncordonSettlesMs;
    return mayBeRunning ? "Running" : "Drained";
  }
  return isCordoned(worker) ? "Cordoned" : "Running";
}

function isCordoned({ report }: Worker): boolean {
  return report?.state === "Cordoned" || report?.state === "Drained";
}

/** Those that cost least to lose first; what is already on its way out stays so, or workers would take turns. */
function byReadinessToLeave(a: Staged, b: Staged): number {
  return (
    stages.indexOf(a.stage) - stages.indexOf(b.stage) ||
    a.worker.deletionCost - b.worker.deletionCost ||
    load(a.worker) - load(b.worker) ||
    b.worker.createdAtMs - a.worker.createdAtMs ||
    (a.worker.name < b.worker.name ? -1 : 1)
  );
}

function load({ report }: Worker): number {
  // One running job weighs more than any number of jobs that can be handed back.
  return report === undefined ? 0 : report.busy + report.held / 1e6;
}

/** How many pods a ReplicaSet is certain to delete before the first that must not go. */
function certainToGoFirst(known: readonly Staged[], removable: (one: Staged) => boolean): number {
  const order = known.toSorted(
    // Among equals either may go, so one that must not go counts as the first.
    (a, b) => deletedBefore(a.worker, b.worker) || Number(removable(a)) - Number(removable(b)),
  );
  const firstToStay = order.findIndex((one) => !removable(one));
  return firstToStay === -1 ? order.length : firstToStay;
}

function rememberUncordoned(
  { uncordonedAtMs, nowMs }: DrainInput,
  active: readonly Worker[],
  uncordon: readonly string[],
): ReadonlyMap<string, number> {
  const still = active.map(({ name }) => name).filter((name) => uncordonedAtMs.has(name));
  return new Map([
    // What lies ahead was noted before the clock was set back: it is not to be waited for until that has caught up.
    ...still.map((name) => [name, Math.min(uncordonedAtMs.get(name) ?? nowMs, nowMs)] as const),
    ...uncordon.map((name) => [name, nowMs] as const),
  ]);
}
