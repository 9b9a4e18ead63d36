/** A message that the broker stamped between its sending and its arrival here. Ours in ms of `performance.now()`. */
export interface ClockProbe {
  readonly sentMs: number;
  readonly arrivedMs: number;
  /** The broker's clock, in ms since the Unix epoch, cut to whole ms. */
  readonly stampMs: number;
}

/** What the broker's clock said at a moment of ours: somewhere between the two, in ms since the Unix epoch. */
export interface BrokerTime {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Only probes so near in time count. */
const windowMs = 10_000;
/** By how much a clock may gain or lose on ours: twice what time synchronisation does to a clock. */
const drift = 1 / 1_000;

/**
 * Reads the broker's clock, which runs at `rate`, off the probes around `atMs`. Each probe bounds it: the stamp lies
 * between sending and arrival.
 *
 * @param probes in order of arrival.
 * @returns undefined when there is no probe near, or they contradict each other.
 */
export function brokerTime(probes: readonly ClockProbe[], rate: number, atMs: number): BrokerTime | undefined {
  let from = Number.NEGATIVE_INFINITY;
  let to = Number.POSITIVE_INFINITY;
  for (let index = firstAfter(probes, atMs - windowMs); index < probes.length; index += 1) {
    const probe = probes[index];
    if (probe === undefined || probe.arrivedMs > atMs + windowMs) break;
    const slackMs = rate * drift * Math.abs(atMs - probe.arrivedMs);
    from = Math.max(from, probe.stampMs - rate * probe.arrivedMs - slackMs);
    to = Math.min(to, probe.stampMs + 1 - rate * probe.sentMs + slackMs);
  }
  if (!Number.isFinite(from) || !Number.isFinite(to) || from > to) return undefined;
  return { fromMs: from + rate * atMs, toMs: to + rate * atMs };
}

function firstAfter(probes: readonly ClockProbe[], atMs: number): number {
  let low = 0;
  let high = probes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((probes[middle]?.arrivedMs ?? 0) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
