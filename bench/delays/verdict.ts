import type { BrokerTime } from "./broker-time.ts";

/** One delayed job, and its arrivals. */
export interface DelayedJob {
  /** When the broker took it and how long it was to be held: its clock, ms. */
  readonly dueMs: number;
  readonly arrivals: readonly Arrival[];
}

export interface Arrival {
  readonly at: BrokerTime;
  /** Since when the broker had been up again, by its clock. */
  readonly upSinceMs: number;
  /** Of its clock. */
  readonly rate: number;
}

export interface Verdict {
  readonly jobs: number;
  readonly lost: number;
  /** Arrived before they were due, however their arrival's time is read. */
  readonly early: number;
  /** Arrived more than once: at least once is what is promised. */
  readonly duplicates: number;
  /**
   * From when a job was due, or the broker was up again, to its arrival, in real ms: what a broker at its own pace would
   * have been late by.
   */
  readonly lateMsP50: number;
  readonly lateMsP99: number;
  readonly lateMsMax: number;
  /** The most by which the broker's clock was known inexactly, in real ms. */
  readonly clockErrorMs: number;
}

export function judge(jobs: readonly DelayedJob[]): Verdict {
  const firsts = jobs.flatMap(({ dueMs, arrivals: [first] }) => (first === undefined ? [] : [{ dueMs, ...first }]));
  const late = firsts
    .map(({ dueMs, at, upSinceMs, rate }) => Math.max(0, middle(at) - Math.max(dueMs, upSinceMs)) / rate)
    .sort((a, b) => a - b);
  const quantile = (q: number) => rounded(late[Math.min(late.length - 1, Math.floor(q * late.length))] ?? 0);
  return {
    jobs: jobs.length,
    lost: jobs.length - firsts.length,
    early: firsts.filter(({ dueMs, at }) => at.toMs < dueMs).length,
    duplicates: jobs.filter(({ arrivals }) => arrivals.length > 1).length,
    lateMsP50: quantile(0.5),
    lateMsP99: quantile(0.99),
    lateMsMax: quantile(1),
    clockErrorMs: rounded(Math.max(0, ...chunkMaxima(firsts.map(({ at, rate }) => (at.toMs - at.fromMs) / rate)))),
  };
}

const middle = ({ fromMs, toMs }: BrokerTime) => (fromMs + toMs) / 2;
const rounded = (ms: number) => Math.round(ms * 10) / 10;

// A call has no room for 50,000 arguments everywhere.
function chunkMaxima(values: readonly number[]): number[] {
  const maxima: number[] = [];
  for (let start = 0; start < values.length; start += 1_000)
    maxima.push(Math.max(...values.slice(start, start + 1_000)));
  return maxima;
}
