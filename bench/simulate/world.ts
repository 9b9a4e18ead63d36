import { type Heartbeat, heartbeatIntervalMs } from "@jobwright/worker-runtime/contract";
import type { Clock } from "./clock.ts";
import { heartbeatOf, type Job, newPod, type Pod, type Run } from "./pod.ts";
import { victims } from "./replica-set.ts";
import { endOfRun } from "./service.ts";
import type { Scene } from "./subject.ts";
import { backoffMs, maxAttempts, type Trace } from "./trace.ts";

/** A message between worker, broker and operator. */
const messageMs = 5;
/** From a change of replicas to the pods' creation or deletion. */
const replicaSetMs = 30;
/** Each pod that starts at the same time on the same node delays the next by so much (20 at once: 2.8 s, one alone: 1.4 s). */
const startContentionMs = 70;
/** The readiness probe's period: how long until Kubernetes sees what a worker says of itself. */
const probeMs = 1_000;
/** A process that has nothing to do takes so long to end. */
const exitMs = 200;
/** A worker turns idle with each short job: it says so no more often than this. */
const shortestReportMs = 250;
/** After the broker is back. */
const reconnectMs = 500;

/** A pool's surroundings, and the sums that matter in the end. */
export interface World extends Scene {
  readonly jobs: readonly Job[];
  /** Jobs neither done nor dead-lettered. */
  readonly unsettled: number;
  /** Runs that were broken off because their pod was deleted. */
  readonly brokenOff: number;
  /** The time that pods existed, up to now. */
  podMs(): number;
  readonly replicaChanges: number;
}

/** A queue, a ReplicaSet and its workers, as a trace has them. */
export function createWorld(clock: Clock, trace: Trace, random: () => number, graceMs: number, warm: number): World {
  const fromMs = clock.nowMs;
  const { concurrency } = trace.settings;
  const jobs: Job[] = trace.jobs.map((traced) => ({
    ...{ traced, enqueuedAtMs: fromMs + traced.atMs, dueAtMs: fromMs + traced.atMs },
    ...{ firstStartedAtMs: undefined, failed: 0, runs: 0, settledAtMs: undefined },
  }));
  const queue: Job[] = [];
  let pods: Pod[] = [];
  let names = 0;
  let serves = 0;
  let replicas = warm;
  let replicaChanges = 0;
  let brokenOff = 0;
  let unsettled = jobs.length;
  let brokerAway = false;
  let podMs = 0;
  let countedUpToMs = fromMs;
  const heard: ((heartbeat: Heartbeat) => void)[] = [];
  const enqueued: (() => void)[] = [];

  function countPods(): void {
    podMs += pods.length * (clock.nowMs - countedUpToMs);
    countedUpToMs = clock.nowMs;
  }

  function create(): Pod {
    countPods();
    const pod = newPod(`pod-${names++}`, random(), clock.nowMs);
    pods.push(pod);
    return pod;
  }

  function start(pod: Pod): void {
    if (pod.gone) return;
    pod.startedAtMs = clock.nowMs;
    pod.readyAtMs = clock.nowMs;
    clock.every(clock.nowMs, heartbeatIntervalMs, () => (pod.gone ? "Enough" : report(pod)));
    deliver();
  }

  function report(pod: Pod): void {
    if (pod.gone || brokerAway) return;
    pod.reportedAtMs = clock.nowMs;
    const heartbeat = heartbeatOf(pod, concurrency, clock.nowMs);
    clock.at(clock.nowMs + messageMs, () => {
      for (const hear of heard) hear(heartbeat);
    });
  }

  function turnedIdle(pod: Pod): void {
    if (pod.cordoned) stateChanged(pod);
    else
      clock.at(Math.max(clock.nowMs, pod.reportedAtMs + shortestReportMs), () => {
        if (pod.running.size === 0) report(pod);
      });
  }

  /** Cordoned, drained or taking jobs again: told at once, and by readiness when Kubernetes next asks. */
  function stateChanged(pod: Pod): void {
    report(pod);
    clock.at(clock.nowMs + random() * probeMs, () => {
      if (pod.gone || pod.startedAtMs === undefined) return;
      const ready = !pod.cordoned || pod.running.size > 0;
      pod.readyAtMs = ready ? (pod.readyAtMs ?? clock.nowMs) : undefined;
    });
  }

  /** Gives what is ready to workers with a free slot, in turn. */
  function deliver(): void {
    while (queue.length > 0 && !brokerAway) {
      const free = pods.filter(
        (pod) => pod.startedAtMs !== undefined && !pod.cordoned && !pod.deleting && pod.running.size < concurrency,
      );
      const [first, ...others] = free;
      if (first === undefined) return;
      const pod = others.reduce((least, other) => (other.servedAt < least.servedAt ? other : least), first);
      const job = queue.shift();
      if (job !== undefined) run(pod, job);
    }
  }

  function run(pod: Pod, job: Job): void {
    const started: Run = { job, startedAtMs: clock.nowMs, isVoid: false };
    pod.servedAt = ++serves;
    pod.running.add(started);
    pod.started += 1;
    if (job.failed > 0) pod.startedAgain += 1;
    pod.lastWaitSeconds = (clock.nowMs - job.dueAtMs) / 1000;
    job.runs += 1;
    job.firstStartedAtMs ??= clock.nowMs;
    const sharers = pods.reduce((sum, { running }) => sum + running.size, 0);
    clock.at(endOfRun(trace, job.traced.serviceMs, sharers, clock.nowMs, fromMs), () => ends(pod, started));
  }

  function ends(pod: Pod, run: Run): void {
    if (!pod.running.delete(run)) return;
    pod.finishedBusyMs += clock.nowMs - run.startedAtMs;
    pod.squaredSeconds += ((clock.nowMs - run.startedAtMs) / 1000) ** 2;
    settle(pod, run);
    if (pod.deleting && pod.running.size === 0) clock.at(clock.nowMs + exitMs, () => remove(pod));
    deliver();
    if (pod.running.size === 0) turnedIdle(pod);
  }

  function settle(pod: Pod, { job, isVoid }: Run): void {
    const fails = job.failed < job.traced.failures;
    if (!fails) pod.completed += 1;
    if (isVoid) return;
    if (fails) job.failed += 1;
    if (!fails || job.failed >= maxAttempts) {
      if (fails) pod.failed += 1;
      job.settledAtMs = clock.nowMs;
      unsettled -= 1;
      return;
    }
    pod.retried += 1;
    job.dueAtMs = clock.nowMs + backoffMs(job.failed);
    clock.at(job.dueAtMs, () => enqueue(job));
  }

  /** Producers wait for a broker that is away, and so does what is due for a retry. */
  function enqueue(job: Job): void {
    if (brokerAway) {
      clock.at(fromMs + (trace.brokerAway?.untilMs ?? 0) + messageMs, () => enqueue(job));
      return;
    }
    queue.push(job);
    for (const hear of enqueued) hear();
    deliver();
  }

  /** Jobs that are given back come before those that wait. */
  function giveBack(pod: Pod): void {
    const runs = [...pod.running].filter(({ isVoid }) => !isVoid);
    for (const one of runs) one.isVoid = true;
    queue.unshift(...runs.map(({ job }) => job));
  }

  function remove(pod: Pod): void {
    if (pod.gone) return;
    countPods();
    brokenOff += [...pod.running].filter(({ isVoid }) => !isVoid).length;
    giveBack(pod);
    pod.running.clear();
    pod.gone = true;
    pods = pods.filter((other) => other !== pod);
    deliver();
  }

  function terminate(pod: Pod): void {
    pod.deleting = true;
    report(pod);
    const leaveMs = pod.startedAtMs === undefined ? 0 : pod.running.size === 0 ? exitMs : graceMs;
    clock.at(clock.nowMs + leaveMs, () => remove(pod));
  }

  function reconcile(): void {
    const active = pods.filter(({ deleting }) => !deleting);
    for (const pod of victims(active, active.length - replicas, clock.nowMs)) terminate(pod);
    for (let missing = replicas - active.length; missing > 0; missing--) {
      const pod = create();
      const starting = pods.filter(({ startedAtMs }) => startedAtMs === undefined).length - 1;
      const aloneMs = trace.coldStartMs * (0.95 + 0.1 * random());
      clock.at(clock.nowMs + aloneMs + starting * startContentionMs, () => start(pod));
    }
  }

  for (let missing = warm; missing > 0; missing--) start(create());
  for (const job of jobs) clock.at(job.enqueuedAtMs, () => enqueue(job));
  if (trace.brokerAway !== undefined) {
    clock.at(fromMs + trace.brokerAway.fromMs, () => {
      brokerAway = true;
      for (const pod of pods) giveBack(pod);
    });
    clock.at(fromMs + trace.brokerAway.untilMs, () => {
      brokerAway = false;
      for (const pod of pods) report(pod);
      clock.at(clock.nowMs + reconnectMs, deliver);
    });
  }

  return {
    ...{ clock, trace, fromMs, random, jobs },
    get unsettled() {
      return unsettled;
    },
    get brokenOff() {
      return brokenOff;
    },
    get replicaChanges() {
      return replicaChanges;
    },
    get replicas() {
      return replicas;
    },
    ready: () => (brokerAway ? undefined : queue.length),
    unacked: () => pods.reduce((sum, { running }) => sum + [...running].filter(({ isVoid }) => !isVoid).length, 0),
    pods: () => pods,
    podMs() {
      countPods();
      return podMs;
    },
    scaleTo(wanted) {
      if (wanted === replicas) return;
      replicas = wanted;
      replicaChanges += 1;
      clock.at(clock.nowMs + replicaSetMs, reconcile);
    },
    tell(name, type) {
      if (brokerAway) return;
      clock.at(clock.nowMs + messageMs, () => {
        const pod = pods.find((one) => one.name === name);
        if (pod?.startedAtMs === undefined || pod.cordoned === (type === "Cordon")) return;
        pod.cordoned = type === "Cordon";
        stateChanged(pod);
        deliver();
      });
    },
    setDeletionCost(name, cost) {
      const pod = pods.find((one) => one.name === name);
      if (pod !== undefined) pod.deletionCost = cost;
    },
    onHeartbeat: (hear) => heard.push(hear),
    onEnqueued: (hear) => enqueued.push(hear),
  };
}
