import type { Heartbeat } from "@jobwright/worker-runtime/contract";
import { type Fleet, freshMs, type KnownWorker } from "./fleet.ts";
import { isActive, type PodView } from "./signals.ts";

/** What the workers are doing, as far as is known. */
export interface FleetReadings {
  /** Jobs running, U: silent workers keep their last figure, and a ready pod that was never heard counts as full. */
  readonly inFlight: number;
  /** Jobs taken but not started. */
  readonly held: number;
  /** Age of the oldest run that is not stuck; 0 when nothing runs. */
  readonly oldestSeconds: number;
  /** Pods that should report but do not. While there are any, what runs is not certain. */
  readonly silent: readonly string[];
  /** Active workers that take jobs. */
  readonly working: number;
  /** Active workers that were told to take no more. */
  readonly cordoned: number;
  /** Active pods that have not begun to work, and not for too long. */
  readonly starting: number;
  /** How long ago each of them was made, or its worker last heard, s. */
  readonly startingSeconds: readonly number[];
  /** Active pods that should have begun to work by now: they no longer count as capacity. */
  readonly overdue: number;
  /** The latest moment that all counters are known for. */
  readonly knownUpToMs: number;
}

/**
 * Reads the fleet against the pods that exist. `startAllowanceMs`: how long a pod may take to begin. `withoutRuntime`: pods
 * that are never heard, and whose work is known otherwise. `stuck`: pods with a run that does not end.
 */
export function readFleet(
  fleet: Fleet,
  pods: readonly PodView[],
  input: {
    readonly nowMs: number;
    readonly concurrency: number;
    readonly startAllowanceMs: number;
    readonly withoutRuntime?: ReadonlySet<string>;
    readonly stuck?: ReadonlySet<string>;
  },
): FleetReadings {
  const roles = pods.map((pod) => roleOf(pod, fleet.workers.get(pod.name), input));
  const count = (capacity: Role["capacity"]) => roles.filter((role) => role.capacity === capacity).length;
  return {
    inFlight: roles.reduce((sum, { busy }) => sum + busy, 0),
    held: roles.reduce((sum, { held }) => sum + held, 0),
    oldestSeconds: Math.max(0, ...roles.map(({ oldestSeconds }) => oldestSeconds)),
    silent: roles.filter(({ silent }) => silent).map(({ pod }) => pod),
    working: count("Working"),
    cordoned: count("Cordoned"),
    starting: count("Starting"),
    startingSeconds: roles.flatMap(({ capacity, outOfWorkMs = 0 }) =>
      capacity === "Starting" ? outOfWorkMs / 1000 : [],
    ),
    overdue: count("Overdue"),
    knownUpToMs: Math.min(input.nowMs, ...roles.map(({ knownUpToMs }) => knownUpToMs ?? input.nowMs)),
  };
}

interface Role {
  readonly pod: string;
  readonly busy: number;
  readonly held: number;
  readonly oldestSeconds: number;
  readonly silent: boolean;
  readonly capacity: "Working" | "Cordoned" | "Starting" | "Overdue" | "None";
  readonly knownUpToMs: number | undefined;
  /** Since when it might have begun to work. */
  readonly outOfWorkMs?: number;
}

type Circumstances = Parameters<typeof readFleet>[2];

/** A pod that is there so long after its process was to be killed is on a node that is away: the broker has its jobs back. */
const killedForMs = 60_000;

const nothing = { busy: 0, held: 0, oldestSeconds: 0, silent: false, knownUpToMs: undefined };

function roleOf(pod: PodView, worker: KnownWorker | undefined, circumstances: Circumstances): Role {
  const hasProcess = pod.phase !== "Succeeded" && pod.phase !== "Failed" && pod.processRunning;
  if (hasProcess && worker !== undefined && worker.heartbeat.state !== "Stopped") {
    return reportingRole(pod, worker, circumstances);
  }
  if (hasProcess && worker === undefined && pod.ready) return unheardRole(pod, circumstances);
  // A worker that crashed is given as long to come back as a new one to begin.
  const outOfWorkMs = circumstances.nowMs - Math.max(pod.createdAtMs, worker?.heardAtMs ?? 0);
  const notBegun = outOfWorkMs > circumstances.startAllowanceMs ? "Overdue" : "Starting";
  return { pod: pod.name, ...nothing, outOfWorkMs, capacity: isActive(pod) ? notBegun : "None" };
}

function reportingRole(pod: PodView, { heartbeat, heardAtMs }: KnownWorker, { nowMs, stuck }: Circumstances): Role {
  const active = isActive(pod);
  const fresh = nowMs - heardAtMs <= freshMs;
  const { killedAtMs = Number.POSITIVE_INFINITY } = pod;
  if (!fresh && nowMs - killedAtMs >= killedForMs) return { pod: pod.name, ...nothing, capacity: "None" };
  return {
    pod: pod.name,
    busy: heartbeat.busy,
    held: heartbeat.held,
    oldestSeconds: stuck?.has(pod.name) ? 0 : (heartbeat.oldestRunningSeconds ?? 0),
    // A pod that is being deleted takes no more jobs: its last word stands until it is gone, or was to be long ago.
    silent: active && !fresh,
    capacity: active ? capacityOf(heartbeat) : "None",
    knownUpToMs: active && fresh ? heardAtMs : undefined,
  };
}

/** Its work is known otherwise, or nothing is known of it. */
function unheardRole(pod: PodView, { concurrency, withoutRuntime }: Circumstances): Role {
  const active = isActive(pod);
  const work = withoutRuntime?.has(pod.name) ? {} : { busy: concurrency, silent: active };
  return { pod: pod.name, ...nothing, ...work, capacity: active ? "Working" : "None" };
}

function capacityOf({ state }: Heartbeat): Role["capacity"] {
  if (state === "Running") return "Working";
  return state === "Stopping" ? "None" : "Cordoned";
}
