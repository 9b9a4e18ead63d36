import { type Arrivals, observeArrived } from "./arrivals.ts";
import { agesOf, type Waiting } from "./backlog-ages.ts";
import { askedForAtMs, assumedColdStartSeconds, type ColdStart, coldStartMs, recordColdStart } from "./cold-start.ts";
import { type Fleet, freshMs, observeHeartbeats, removePods, takenAt } from "./fleet.ts";
import { type FleetReadings, readFleet } from "./fleet-readings.ts";
import type { PoolInput, PoolState } from "./pool-state.ts";
import { observeService } from "./service-time.ts";
import type { Signals } from "./signals.ts";
import { findStuck, type Stuck } from "./stuck.ts";
import { append, type Timeline, valueAt } from "./timeline.ts";
import { observeWithoutRuntime, type WithoutRuntime } from "./without-runtime.ts";

/**
 * A measured cold start of 1.4 s says little about twenty pods that start at once on one node: no pod is called
 * overdue sooner than this.
 */
const minStartAllowanceMs = 10_000;

/** What one step knows of a pool: what its inputs come to, beside what was known before. */
export interface ObservedPool extends Pick<PoolState, "fleet" | "arrivals" | "ready" | "serviceTime" | "coldStart"> {
  readonly withoutRuntime: WithoutRuntime;
  readonly readings: FleetReadings;
  readonly stuck: Stuck;
  /** The broker could not be asked. */
  readonly backlogUnknown: boolean;
  readonly signals: Signals;
}

/** Takes in what one step was told, and makes the signals of it that a decision needs. Pure. */
export function observePool(before: PoolState, input: PoolInput): ObservedPool {
  const { nowMs } = input;
  const { fleet, coldStart } = takeHeartbeats(before, input);
  const withoutRuntime = observeWithoutRuntime(before.withoutRuntime, {
    ...{ nowMs, podViews: input.pods, ready: input.backlogReady, served: input.served },
    isHeard: (pod) => fleet.workers.has(pod),
  });
  const stuck = findStuck(fleet, nowMs);
  const readings = readWorkers({ fleet, coldStart, stuck }, withoutRuntime, input);
  const { ready, arrivals } = takeBacklog(before, input, fleet, readings);
  const serviceTime = observeService(
    before.serviceTime,
    {
      atMs: nowMs,
      busySeconds: fleet.busySeconds + withoutRuntime.busySeconds,
      squaredSeconds: fleet.squaredSeconds,
      ended: fleet.ended + withoutRuntime.ended,
    },
    {
      inFlight: readings.inFlight - stuck.workers.length,
      oldestSeconds: readings.oldestSeconds,
      stuckSeconds: stuck.workers.map(({ runSeconds }) => runSeconds),
    },
  );

  const backlogUnknown = input.backlogReady === undefined;
  const backlog = Math.max(backlogUnknown ? 0 : input.backlogReady + readings.held, input.wake ? 1 : 0);
  const measuredColdStartMs = coldStartMs(coldStart);
  const signals: Signals = {
    backlog,
    waiting: waitingFor(readings, { ready, arrivals, backlog }, nowMs),
    inFlight: readings.inFlight,
    serviceSeconds: serviceTime.seconds,
    serviceVariability: serviceTime.variability,
    arrivalsPerSecond: expectedPerSecond(before, arrivals),
    coldStartSeconds: measuredColdStartMs === undefined ? undefined : measuredColdStartMs / 1000,
    wanted: before.stability.wanted,
    present: { working: readings.working, startingSeconds: readings.startingSeconds },
  };
  return { fleet, arrivals, ready, serviceTime, coldStart, withoutRuntime, readings, stuck, backlogUnknown, signals };
}

/** What workers do: those with our runtime say so, and of the others the broker knows it. */
function readWorkers(
  { fleet, coldStart, stuck }: Pick<ObservedPool, "fleet" | "coldStart" | "stuck">,
  { pods, known, served }: WithoutRuntime,
  input: PoolInput,
): FleetReadings {
  const startAllowanceMs = 3 * (coldStartMs(coldStart) ?? assumedColdStartSeconds * 1000);
  const readings = readFleet(fleet, input.pods, {
    nowMs: input.nowMs,
    concurrency: input.settings.concurrency,
    startAllowanceMs: Math.max(startAllowanceMs, minStartAllowanceMs),
    stuck: new Set(stuck.workers.map(({ pod }) => pod)),
    ...(known && { withoutRuntime: pods }),
  });
  if (pods.size === 0 || !known || served === undefined) return readings;
  return { ...readings, inFlight: Math.max(readings.inFlight, served.unacked - readings.held) };
}

function takeHeartbeats(
  { fleet: before, coldStart: measured, scaledUpAtMs }: PoolState,
  { nowMs, pods, heartbeats }: PoolInput,
): { fleet: Fleet; coldStart: ColdStart } {
  const byName = new Map(pods.map((pod) => [pod.name, pod]));
  const gone = [...before.workers.keys()].filter((pod) => !byName.has(pod));
  const reports = heartbeats
    .filter(({ heartbeat }) => byName.has(heartbeat.pod))
    // Those that came before the clock was set back would be fresh until it has caught up.
    .map(({ heartbeat, heardAtMs }) => ({ heartbeat, heardAtMs: Math.min(heardAtMs, nowMs) }))
    .toSorted((a, b) => a.heardAtMs - b.heardAtMs);
  let coldStart = measured;
  const heard = new Set(before.workers.keys());
  for (const { heartbeat, heardAtMs } of reports) {
    const createdAtMs = byName.get(heartbeat.pod)?.createdAtMs ?? 0;
    // Only a pod that we saw being born tells how long a start takes.
    if (!heard.has(heartbeat.pod) && createdAtMs >= before.sinceMs) {
      coldStart = recordColdStart(coldStart, heardAtMs - askedForAtMs(createdAtMs, scaledUpAtMs));
    }
    heard.add(heartbeat.pod);
  }
  return { fleet: observeHeartbeats(removePods(before, gone), reports), coldStart };
}

/**
 * Counts the jobs that ever arrived at the latest moment for which the broker's figure and all workers' are known. Figures of
 * different moments would miss the jobs that went from queue to worker in between.
 */
function takeBacklog(
  before: PoolState,
  { nowMs, settings, backlogReady }: PoolInput,
  fleet: Fleet,
  readings: FleetReadings,
): { ready: Timeline; arrivals: Arrivals } {
  if (backlogReady === undefined) return before;
  const ready = append(before.ready, { atMs: nowMs, value: backlogReady }, freshMs);
  if (readings.silent.length > 0) return { ready, arrivals: before.arrivals };
  const atMs = readings.knownUpToMs;
  const jobs = valueAt(ready, atMs) + takenAt(fleet, atMs);
  // A change matters as soon as jobs would miss the target for it, but not before the runs that fill the slots now are over.
  const mattersMs = Math.max(settings.targetWaitMs / 3, 2_000 * before.serviceTime.seconds);
  return { ready, arrivals: observeArrived(before.arrivals, { atMs, jobs }, mattersMs) };
}

/**
 * What waits for the first worker to begin would not begin sooner with more of them: then its age does not count. What came since
 * the workers were heard may have come right then, and not before: a burst of this moment is not the oldest of all.
 */
function waitingFor(
  { working, held }: FleetReadings,
  { ready, arrivals: { arrived }, backlog }: Pick<PoolState, "ready" | "arrivals" | "backlog">,
  nowMs: number,
): Waiting[] {
  const heard = arrived.at(-1);
  if (working === 0 || backlog === 0 || heard === undefined || nowMs - heard.atMs > freshMs) return [];
  const known = Math.min(backlog, valueAt(ready, heard.atMs) + held);
  return [{ jobs: backlog, seconds: (nowMs - heard.atMs) / 1000 }, ...agesOf(arrived, known, nowMs)];
}

/** At zero it is the first job that wakes a pool, and one worker that is asked for: what came before it asks for nobody. */
function expectedPerSecond({ stability }: PoolState, { perSecond }: Arrivals): number {
  return stability.wanted === 0 ? 0 : perSecond;
}
