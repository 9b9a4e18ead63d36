import { heartbeatIntervalMs } from "@jobwright/worker-runtime/contract";
import { horizonOf, slotsForBacklog } from "./backlog-slots.ts";
import { assumedColdStartSeconds } from "./cold-start.ts";
import type { ScalingSettings, Signals } from "./signals.ts";
import { slotsForStream } from "./staffing.ts";

/** A change smaller than this share of the present workers is not worth making. */
const tolerance = 0.1;

/** A stream that fills a third of its slots is under way and keeps the others, too: by chance it seldom fills fewer. */
const slotsPerJob = 3;

/** So busy the workers under a rate limit are at most: the limit is to hold them back, not they it. */
const busiestAtRate = 0.8;

/** The terms of one decision, all in slots unless named otherwise. */
interface Terms {
  /** Slots with which steady arrivals start in time (`staffing.ts`), or λ·S/u where that is more. */
  readonly arrivals: number;
  /** U·max(0, 1 − H/F): slots that long jobs will still hold when their successors are due. */
  readonly inFlight: number;
  /** B·min(1, S/H), or more for what has waited already (`backlog-slots.ts`): slots that start the backlog in time, never more than there are jobs. */
  readonly backlog: number;
  /** More slots than this would stand empty: for the jobs that are here, or will be before a pod asked for now could start. */
  readonly jobs: number;
  /** R·S and a fifth: slots that can work under a rate limit of R, at least one; infinite without one. */
  readonly rate: number;
  /** H: the time left to start what waits now. */
  readonly horizonSeconds: number;
}

/** The term that set the number of slots; `Jobs` when there are fewer jobs than the terms ask slots for, `RateLimit` when they may not start so fast. */
type Bound = "Arrivals" | "InFlight" | "Backlog" | "Jobs" | "RateLimit" | "Nothing";

/** What made the number differ from ⌈slots ÷ concurrency⌉. */
type Clamp = "MinReplicas" | "MaxReplicas" | "Tolerance" | "None";

/** What the signals ask for at this moment, before stabilising over time. */
export interface Recommendation {
  /** Workers, within [minReplicas, maxReplicas]. */
  readonly replicas: number;
  /** Workers that the slots alone ask for, before tolerance and clamp. */
  readonly needed: number;
  readonly slots: number;
  readonly terms: Terms;
  readonly bound: Bound;
  readonly clamp: Clamp;
  /** A pod takes longer to start than a job may wait (T < T₀): from zero the target cannot be met. */
  readonly targetUnreachable: boolean;
}

/**
 * How many workers the signals ask for. Pure.
 *
 *     H     = max(0.9·T − T₀, T/4, 1 s)
 *     slots = min(max(A, U·max(0, 1 − H/F) + B·min(1, S/H)), jobs, rate)
 *
 * F = S + Var(S)/S is the mean length of a run that is found under way (renewal theory's inspection paradox: long ones are
 * met more often), and what is left of it is spread evenly over 0 to F. So of 1 s and 45 s jobs, those that hold the slots
 * are known for long ones.
 *
 * A is what steady arrivals ask for. What waits is served first, by all slots and not only by those that are there beside A, so
 * slots that suffice for each alone suffice for both: B·S/n ≤ H and n ≥ λ·S keep every wait below H. Long jobs in flight
 * are another matter: their slots serve nobody else.
 *
 * The bound by jobs keeps a rate of long jobs from asking at once for all the slots that it will fill in time: λ = 1/s of
 * 300 s jobs ends at 300 slots, but in its first seconds there is nothing to put into them. A rate limit R bounds them the same
 * way: by Little's law no more than R·S jobs run at once under it, however many wait.
 */
export function decide(signals: Signals, settings: ScalingSettings): Recommendation {
  const terms = termsOf(signals, settings);
  const slots = Math.min(askedBy(terms), terms.jobs, terms.rate);
  const { wanted, coldStartSeconds } = signals;
  const exact = slots / settings.concurrency;
  // 1e-9: ten slots must not become eleven workers by a rounding error. What is asked for at all, however little, asks for one.
  const needed = slots > 0 ? Math.max(1, Math.ceil(exact - 1e-9)) : 0;
  // Where jobs are long, one that waits for a slot would wait for all of such a run: there no shortage is tolerated.
  const short = exact > wanted && signals.serviceSeconds > terms.horizonSeconds;
  const near = slots > 0 && wanted > 0 && !short && Math.abs(exact / wanted - 1) <= tolerance;
  const tolerated = near ? wanted : needed;
  const replicas = clampReplicas(tolerated, settings);
  return {
    replicas,
    needed,
    slots,
    terms,
    bound: boundOf(terms),
    clamp: clampOf(replicas, tolerated, needed),
    targetUnreachable: coldStartSeconds !== undefined && settings.targetWaitMs / 1000 < coldStartSeconds,
  };
}

/** `replicas` within the pool's limits. */
export function clampReplicas(
  replicas: number,
  { minReplicas, maxReplicas }: Pick<ScalingSettings, "minReplicas" | "maxReplicas">,
): number {
  return Math.min(Math.max(replicas, minReplicas), maxReplicas);
}

function termsOf(signals: Signals, settings: ScalingSettings): Terms {
  const targetSeconds = settings.targetWaitMs / 1000;
  const coldStart = signals.coldStartSeconds ?? assumedColdStartSeconds;
  const horizonSeconds = horizonOf({ targetSeconds, coldStartSeconds: coldStart });
  const { backlog, inFlight, serviceSeconds, serviceVariability, arrivalsPerSecond } = signals;
  const utilization = settings.utilizationPercent / 100;
  const offered = arrivalsPerSecond * serviceSeconds;
  const inTime = slotsForStream({ ...signals, targetSeconds, horizonSeconds }, settings);
  const arrivals = utilization < 1 ? Math.max(inTime, offered / utilization) : inTime;
  const found = serviceSeconds * (1 + serviceVariability);
  const held = inFlight * Math.max(0, 1 - horizonSeconds / found);
  const here = backlog + inFlight;
  const soon = arrivalsPerSecond * (coldStart + heartbeatIntervalMs / 1000);
  return {
    arrivals,
    inFlight: held,
    backlog: slotsForBacklog(signals, {
      ...{ targetSeconds, coldStartSeconds: coldStart, concurrency: settings.concurrency, heldSlots: held },
    }),
    jobs: Math.max(here + soon, here * slotsPerJob < offered ? 0 : arrivals),
    rate:
      settings.jobsPerSecond === undefined
        ? Number.POSITIVE_INFINITY
        : Math.max(1, (settings.jobsPerSecond * serviceSeconds) / Math.min(utilization, busiestAtRate)),
    horizonSeconds,
  };
}

function askedBy({ arrivals, inFlight, backlog }: Terms): number {
  return Math.max(arrivals, inFlight + backlog);
}

function boundOf(terms: Terms): Bound {
  const asked = askedBy(terms);
  if (asked === 0) return "Nothing";
  if (terms.rate < Math.min(asked, terms.jobs)) return "RateLimit";
  if (asked > terms.jobs) return "Jobs";
  if (terms.arrivals === asked) return "Arrivals";
  return terms.backlog >= terms.inFlight ? "Backlog" : "InFlight";
}

function clampOf(replicas: number, tolerated: number, needed: number): Clamp {
  if (replicas < tolerated) return "MaxReplicas";
  if (replicas > tolerated) return "MinReplicas";
  return tolerated === needed ? "None" : "Tolerance";
}
