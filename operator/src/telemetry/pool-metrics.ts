import type { Registry } from "prom-client";
import type { PoolReadings } from "../workerpool/readings.ts";
import { oncePerScrape, registerAtScrape } from "./at-scrape.ts";

/** A value for each value of a label; undefined where there is nothing to tell. */
type ByLabel = Readonly<Record<string, number | undefined>>;

interface PoolMetric {
  readonly name: string;
  readonly help: string;
  /** Beside namespace and pool. */
  readonly label?: string;
  /** Counts up; absent: a gauge. */
  readonly counts?: true;
  read(readings: PoolReadings): number | undefined | ByLabel;
}

/** A metric for each signal and each part of a decision, in the order in which one leads to the other. */
const poolMetrics: readonly PoolMetric[] = [
  { name: "backlog", help: "Jobs waiting.", read: ({ measurements }) => measurements.backlog },
  { name: "in_flight", help: "Jobs running.", read: ({ measurements }) => measurements.busy },
  {
    name: "lag_seconds",
    help: "How long the job that started last had waited, or how long jobs wait by now if none has started since.",
    read: ({ measurements }) => measurements.lagMs / 1000,
  },
  {
    name: "service_time_seconds",
    help: "Mean time that a job takes; 1 until it is known.",
    read: ({ decision }) => decision.signals.serviceSeconds,
  },
  {
    name: "arrivals_per_second",
    help: "Jobs that arrive steadily; a burst is backlog.",
    read: ({ decision }) => decision.signals.arrivalsPerSecond,
  },
  {
    name: "cold_start_seconds",
    help: "Time from asking for a pod to its first sign of life, the median of the last five; absent before the first.",
    read: ({ decision }) => decision.signals.coldStartSeconds,
  },
  {
    name: "workers",
    help: "Worker pods by what they do: working, cordoned (taking no more jobs), starting, overdue (should have begun by now); and silent: those that should report but do not, counted by what they did as well.",
    label: "state",
    read: ({ measurements }) => measurements.workers,
  },
  {
    name: "target_wait_seconds",
    help: "The goal, spec.scaling.targetWait: a job should start within this time.",
    read: ({ settings }) => settings.targetWaitMs / 1000,
  },
  {
    name: "horizon_seconds",
    help: "H of the formula: the time left to start what waits now.",
    read: ({ decision }) => decision.recommendation.terms.horizonSeconds,
  },
  {
    name: "slots",
    help: "Slots that each term of the formula asks for: arrivals, in_flight, backlog; and what bounds them: the jobs that are there, and the queue's rate_limit, if it has one.",
    label: "term",
    read({ decision }) {
      const { arrivals, inFlight, backlog, jobs, rate } = decision.recommendation.terms;
      return { arrivals, in_flight: inFlight, backlog, jobs, rate_limit: Number.isFinite(rate) ? rate : undefined };
    },
  },
  {
    name: "slots_needed",
    help: "Slots that the terms come to.",
    read: ({ decision }) => decision.recommendation.slots,
  },
  { name: "concurrency", help: "Jobs at once in each worker.", read: ({ settings }) => settings.concurrency },
  {
    name: "min_replicas",
    help: "The fewest workers: minReplicas, or what an open schedule asks for.",
    read: ({ settings }) => settings.minReplicas,
  },
  { name: "max_replicas", help: "The most workers.", read: ({ settings }) => settings.maxReplicas },
  {
    name: "recommended_replicas",
    help: "Workers that the signals of this moment ask for, within the limits.",
    read: ({ decision }) => decision.recommendation.replicas,
  },
  {
    name: "wanted_replicas",
    help: "Workers decided on: as recommended, more while something holds them, fewer while something keeps the pool from growing.",
    read: ({ decision }) => decision.replicas,
  },
  {
    name: "desired_replicas",
    help: "Pods asked of Kubernetes: more than wanted while workers that are to go still work, and by hand where the mode is not Auto.",
    read: ({ desiredReplicas }) => desiredReplicas,
  },
  { name: "replicas", help: "Pods that exist.", read: ({ replicas }) => replicas },
  { name: "ready_replicas", help: "Pods that are ready.", read: ({ readyReplicas }) => readyReplicas },
  {
    name: "decision",
    help: "1 for the reason of the decision that stands. In a mode other than Auto, and in a paused pool, it is what Auto would have done.",
    label: "reason",
    read: ({ decision }) => ({ [decision.reason]: 1 }),
  },
  {
    name: "held",
    help: "1 for what keeps more workers than are recommended: ScaleDownDelay, IdleDelay, SignalsMissing; absent where nothing does.",
    label: "by",
    read: ({ decision }) => (decision.heldBy === undefined ? undefined : { [decision.heldBy]: 1 }),
  },
  {
    name: "growth_limit",
    help: "The most workers while something keeps the pool from growing; absent where nothing does.",
    label: "reason",
    read: ({ decision: { limit } }) => (limit === undefined ? undefined : { [limit.reason]: limit.ceiling }),
  },
  {
    name: "stuck_workers",
    help: "Workers with a run that does not end: older than 5 min, and than three times the longest that did.",
    read: ({ decision }) => decision.stuck.workers.length,
  },
  {
    name: "target_unreachable",
    help: "1 while a pod takes longer to start than a job may wait.",
    read: ({ decision }) => Number(decision.recommendation.targetUnreachable),
  },
  { name: "paused", help: "1 while spec.paused is true.", read: ({ paused }) => Number(paused) },
  {
    name: "scale_events_total",
    help: "How often the number of workers was raised (up) or lowered (down) since this operator took over.",
    label: "direction",
    counts: true,
    read: ({ scaled }) => scaled,
  },
];

/**
 * Reports on every pool that is scaled, as of its last step, whenever somebody asks. A pool that is gone leaves nothing behind.
 * All have the labels `namespace` and `pool`.
 */
export function reportPools(registry: Registry, pools: () => Iterable<PoolReadings>): void {
  const list = oncePerScrape(pools);
  for (const { name, help, label, counts = false, read } of poolMetrics) {
    registerAtScrape(registry, {
      ...{ name: `jobwright_pool_${name}`, help, counts },
      labelNames: ["namespace", "pool", ...(label === undefined ? [] : [label])],
      *read() {
        for (const readings of list()) {
          const labels = { namespace: readings.namespace, pool: readings.pool };
          for (const [value, labelled] of seriesOf(read(readings), label)) yield [{ ...labels, ...labelled }, value];
        }
      },
    });
  }
}

function seriesOf(
  read: number | undefined | ByLabel,
  label: string | undefined,
): (readonly [value: number, labels: Record<string, string>])[] {
  if (typeof read === "number") return [[read, {}]];
  return Object.entries(read ?? {}).flatMap(([of, value]) =>
    value === undefined || label === undefined ? [] : [[value, { [label]: of }] as const],
  );
}
