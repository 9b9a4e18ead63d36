import { type Heartbeat, protocolVersion, type WorkerState } from "@jobwright/worker-runtime/contract";
import type { PodView } from "../../operator/src/autoscaling/signals.ts";
import type { DeletionRank } from "../../operator/src/workerpool/deletion-order.ts";
import type { TracedJob } from "./trace.ts";

/** A job on its way. */
export interface Job {
  readonly traced: TracedJob;
  /** When its producer wanted it enqueued. */
  readonly enqueuedAtMs: number;
  /** When it was to start at the earliest: enqueued, or due for a retry. */
  dueAtMs: number;
  firstStartedAtMs: number | undefined;
  /** Runs that ended badly. */
  failed: number;
  /** Runs begun. */
  runs: number;
  settledAtMs: number | undefined;
}

export interface Run {
  readonly job: Job;
  readonly startedAtMs: number;
  /** The broker has given its job to others: how it ends no longer counts. */
  isVoid: boolean;
}

/** A pod with one worker in it. */
export interface Pod {
  readonly name: string;
  /** Decides among equals. */
  readonly uid: number;
  readonly createdAtMs: number;
  startedAtMs: number | undefined;
  readyAtMs: number | undefined;
  deletionCost: number;
  cordoned: boolean;
  deleting: boolean;
  gone: boolean;
  readonly running: Set<Run>;
  sequence: number;
  reportedAtMs: number;
  started: number;
  startedAgain: number;
  completed: number;
  failed: number;
  retried: number;
  finishedBusyMs: number;
  squaredSeconds: number;
  lastWaitSeconds: number | null;
  /** To take turns among workers. */
  servedAt: number;
}

export function newPod(name: string, uid: number, createdAtMs: number): Pod {
  return {
    ...{ name, uid, createdAtMs },
    ...{ startedAtMs: undefined, readyAtMs: undefined, deletionCost: 0 },
    ...{ cordoned: false, deleting: false, gone: false, running: new Set() },
    ...{ sequence: 0, reportedAtMs: Number.NEGATIVE_INFINITY, started: 0, startedAgain: 0 },
    ...{ completed: 0, failed: 0, retried: 0 },
    ...{ finishedBusyMs: 0, squaredSeconds: 0, lastWaitSeconds: null, servedAt: 0 },
  };
}

/** The pod as the API server shows it. Its creation time comes in whole seconds. */
export function viewOf(pod: Pod): PodView & DeletionRank {
  const processRunning = pod.startedAtMs !== undefined;
  return {
    name: pod.name,
    phase: processRunning ? "Running" : "Pending",
    ready: pod.readyAtMs !== undefined,
    deleting: pod.deleting,
    createdAtMs: Math.floor(pod.createdAtMs / 1000) * 1000,
    processRunning,
    scheduled: true,
    deletionCost: pod.deletionCost,
  };
}

function stateOf(pod: Pod): WorkerState {
  if (pod.deleting) return "Stopping";
  if (!pod.cordoned) return "Running";
  return pod.running.size > 0 ? "Cordoned" : "Drained";
}

/** What the worker reports now. It holds nothing beside what runs: all jobs here are too long for that. */
export function heartbeatOf(pod: Pod, slots: number, nowMs: number): Heartbeat {
  const agesMs = [...pod.running].map(({ startedAtMs }) => nowMs - startedAtMs);
  return {
    ...{ version: protocolVersion, namespace: "simulated", pool: "pool", pod: pod.name },
    epoch: pod.startedAtMs ?? nowMs,
    sequence: pod.sequence++,
    state: stateOf(pod),
    slots,
    busy: pod.running.size,
    held: 0,
    ...{ started: pod.started, startedAgain: pod.startedAgain },
    ...{ completed: pod.completed, failed: pod.failed, retried: pod.retried },
    squaredSeconds: pod.squaredSeconds,
    busySeconds: agesMs.reduce((sum, ms) => sum + ms, pod.finishedBusyMs) / 1000,
    waitSecondsSum: 0,
    lastWaitSeconds: pod.lastWaitSeconds,
    oldestRunningSeconds: agesMs.length === 0 ? null : Math.max(...agesMs) / 1000,
  };
}
