import type { ScalingSettings, Signals } from "./signals.ts";

/** Waits longer than the target are tolerated for this share of the jobs of a steady stream: `targetWait` is met at the 95th percentile. */
const missedShare = 0.05;

/** As many standard deviations leave that share above them (normal distribution). */
const deviations = 1.645;

/** For so long a queue must not grow beyond half of what may wait, even if nobody looks after it: what comes later is seen as backlog. */
const unattendedSeconds = 120;

/** However much may wait, no less of a stream is served than this: a rate is not known any better. */
const leastServed = 0.95;

/** A slot that serves so many jobs within the horizon makes a queue flow evenly enough to be counted on. */
const jobsToFlow = 10;

/** A steady stream of jobs. */
interface Stream extends Pick<Signals, "arrivalsPerSecond" | "serviceSeconds" | "serviceVariability"> {
  /** T, seconds. */
  readonly targetSeconds: number;
  /** H, seconds: what of it is left once a pod has started. */
  readonly horizonSeconds: number;
}

/**
 * The fewest slots with which 95 % of a steady stream's jobs start within the target. Arrivals are taken to come at random.
 *
 * Where jobs are short, some may always wait: the queue is a buffer, and workers may be all but fully busy. Where they are long, who
 * waits for a slot waits for all of a run, so free slots must be kept.
 *
 * At most as many as the pool may have, or λ·S where that is more.
 */
export function slotsForStream(
  stream: Stream,
  { maxReplicas, concurrency }: Pick<ScalingSettings, "maxReplicas" | "concurrency">,
): number {
  const most = maxReplicas * concurrency;
  const offered = stream.arrivalsPerSecond * stream.serviceSeconds;
  if (offered <= 0) return 0;
  if (offered >= most) return offered;
  const reserved = withFreeSlots(stream, offered, most);
  const flows = stream.horizonSeconds >= jobsToFlow * stream.serviceSeconds;
  return flows ? Math.min(reserved, withBuffer(stream)) : reserved;
}

/**
 * With n slots for an offered load of a = λ·S,
 *
 *     P(wait > T) ≈ C(n, a) · exp(−(n − a) · T ÷ S · 2 ÷ (1 + Var(S) ÷ S²))
 *
 * where C(n, a) is the probability to wait at all (Erlang, 1917), exact for exponential runs; the last factor corrects for
 * other spreads (Allen and Cunneen's approximation). A target that is shorter than a run needs about √a slots beside a.
 */
function withFreeSlots(stream: Stream, offered: number, most: number): number {
  const decay = (2 * stream.targetSeconds) / (stream.serviceSeconds * (1 + stream.serviceVariability));
  // Erlang's B, the probability that all n slots are busy if nobody waits, from n − 1 to n.
  let allBusy = 1;
  for (let slots = 1; slots <= most; slots += 1) {
    allBusy = (offered * allBusy) / (slots + offered * allBusy);
    if (slots <= offered) continue;
    const waits = allBusy / (1 - (offered / slots) * (1 - allBusy));
    if (waits * Math.exp(-(slots - offered) * decay) <= missedShare) return slots;
  }
  return Math.max(offered, most);
}

/**
 * In P = 2 min λ·P jobs come, give or take 1.645 · √(λ·P·(1 + Var(S) ÷ S²)) (the diffusion approximation of a busy queue),
 * and n slots serve n·P ÷ S. What is left over may be n·(H ÷ 2) ÷ S: it starts within half of the horizon.
 */
function withBuffer({ arrivalsPerSecond, serviceSeconds, serviceVariability, horizonSeconds }: Stream): number {
  const jobs = arrivalsPerSecond * unattendedSeconds;
  const most = jobs + deviations * Math.sqrt(jobs * (1 + serviceVariability));
  const slots = (most * serviceSeconds) / (unattendedSeconds + horizonSeconds / 2);
  return Math.max(slots, leastServed * arrivalsPerSecond * serviceSeconds);
}
