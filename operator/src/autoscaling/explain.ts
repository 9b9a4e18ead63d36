import type { Recommendation } from "./decide.ts";
import type { GrowthLimit, LimitReason } from "./growth-limit.ts";
import type { ScalingSettings, Signals } from "./signals.ts";
import { type HeldBy, scaleDownDelayMs } from "./stabilise.ts";
import type { Stuck } from "./stuck.ts";

/** What set the number of workers. Part of the API: `status.decision.reason`, and tested. */
export type Reason =
  | "Backlog"
  | "Arrivals"
  | "InFlight"
  | "Jobs"
  | "RateLimit"
  | "QueuePaused"
  | "Idle"
  | "MinReplicas"
  | "Schedule"
  | "MaxReplicas"
  | "Tolerance"
  | "ScaleDownDelay"
  | "IdleDelay"
  | "BacklogUnknown"
  | "WorkersSilent"
  | "WorkersStuck"
  | "WithoutRuntime"
  | LimitReason;

/** All that a decision came from. */
export interface Explained {
  readonly from: number;
  readonly to: number;
  readonly signals: Signals;
  readonly settings: ScalingSettings;
  readonly recommendation: Recommendation;
  readonly heldBy: HeldBy | undefined;
  /** The broker could not be asked. */
  readonly backlogUnknown: boolean;
  /** Workers that should report but do not. */
  readonly silent: readonly string[];
  /** Workers asked for in place of pods that did not begin to work in time. */
  readonly replacements: number;
  readonly stuck: Pick<Stuck, "workers" | "nothingEnds">;
  /** Workers without our runtime. */
  readonly withoutRuntime: readonly string[];
  /** What kept the pool from growing. */
  readonly limit: GrowthLimit | undefined;
}

/** One word for what set the number: the last of term, clamp and hold that had a say. */
export function reasonOf(explained: Explained): Reason {
  const { recommendation, heldBy, limit, settings } = explained;
  if (heldBy === "SignalsMissing") return missing(explained).reason;
  if (limit !== undefined) return limit.reason;
  if (settings.queuePaused) return "QueuePaused";
  if (heldBy !== undefined) return heldBy;
  if (isIdleAtLast(explained)) return "Idle";
  if (recommendation.clamp === "MinReplicas" && settings.schedule !== undefined) return "Schedule";
  if (recommendation.clamp !== "None") return recommendation.clamp;
  return recommendation.bound === "Nothing" ? "Idle" : recommendation.bound;
}

/** The last worker goes although a rate that was seen before still speaks for some: nothing has come for all of idleDelay. */
function isIdleAtLast({ to, heldBy, recommendation }: Explained): boolean {
  return to === 0 && heldBy === undefined && recommendation.replicas > 0;
}

/** What a decision changes: "3 → 10 workers", or "3 workers". */
export function headline({ from, to }: Pick<Explained, "from" | "to">): string {
  return from === to ? plural(to, "worker") : `${from} → ${plural(to, "worker")}`;
}

/**
 * Why, for people: the terms, first the one that bound, and what held or limited it. For example "11.8 slots for 240 jobs
 * waiting to start within 30s (3.3 slots for steady arrivals of 2/s), at 1.4 s a job; limited by maxReplicas 10".
 */
export function explain(explained: Explained): string {
  const limits = [
    heldClause(explained),
    clampClause(explained),
    replacementClause(explained),
    limitClause(explained),
  ].filter((clause) => clause !== undefined);
  return [demand(explained), ...limits].join("; ");
}

function demand(explained: Explained): string {
  const { signals, settings, recommendation, backlogUnknown } = explained;
  if (settings.queuePaused) return paused(signals, backlogUnknown);
  if (isIdleAtLast(explained)) return `no job has waited or run for ${duration(settings.idleDelayMs)} (idleDelay)`;
  const { terms, bound, slots } = recommendation;
  const waiting = backlogUnknown ? "at least 1 job" : plural(signals.backlog, "job");
  const target = duration(settings.targetWaitMs);
  const clauses = {
    Backlog: `${plural(terms.backlog, "slot")} for ${waiting} waiting to start within ${target}`,
    Arrivals: `${plural(terms.arrivals, "slot")} for steady arrivals of ${figure(signals.arrivalsPerSecond)}/s`,
    InFlight: `${plural(terms.inFlight, "slot")} that ${plural(signals.inFlight, "long job")} will still hold`,
  };
  const amounts = { Backlog: terms.backlog, Arrivals: terms.arrivals, InFlight: terms.inFlight };
  const names = ["Backlog", "Arrivals", "InFlight"] as const;
  if (bound === "Nothing") {
    if (backlogUnknown) return "the broker does not say how many jobs wait";
    return signals.inFlight > 0
      ? `no job waits, and what runs (${plural(signals.inFlight, "job")}) will end in time`
      : "no job waits or runs";
  }
  const main = bounded(bound, slots, settings) ?? clauses[bound as Exclude<typeof bound, "Jobs" | "RateLimit">];
  const others = names.filter((name) => name !== bound && amounts[name] > 0).map((name) => clauses[name]);
  const why = others.length === 0 ? main : `${main} (${others.join(", ")})`;
  return `${why}, at ${figure(signals.serviceSeconds)} s a job`;
}

function paused({ backlog, inFlight }: Signals, backlogUnknown: boolean): string {
  const waiting = backlogUnknown ? "what waits" : plural(backlog, "waiting job");
  const running = inFlight > 0 ? `, and what runs (${plural(inFlight, "job")}) will end` : "";
  return `the queue is paused: no worker is wanted for ${waiting}${running}`;
}

/** What to say where it is not a term that set the number. */
function bounded(
  bound: Explained["recommendation"]["bound"],
  slots: number,
  settings: ScalingSettings,
): string | undefined {
  if (bound === "Jobs") return `${plural(slots, "slot")}, as there are no more jobs to fill them`;
  if (bound !== "RateLimit") return undefined;
  return `${plural(slots, "slot")}, as rateLimit lets no more than ${figure(settings.jobsPerSecond ?? 0)} jobs/s start`;
}

function heldClause(explained: Explained): string | undefined {
  const { heldBy, settings, signals } = explained;
  switch (heldBy) {
    case "ScaleDownDelay": {
      const coldStartMs = Math.round((signals.coldStartSeconds ?? 0) * 1000);
      const why = coldStartMs > settings.scaleDownDelayMs ? "as long as a start takes" : "scaleDownDelay";
      return `as many were needed within the last ${duration(scaleDownDelayMs({ coldStartMs }, settings))} (${why})`;
    }
    case "IdleDelay":
      return `kept until idle for ${duration(settings.idleDelayMs)} (idleDelay)`;
    case "SignalsMissing":
      return `the last decision holds because ${missing(explained).because}`;
    case undefined:
      return undefined;
  }
}

/** What is not known that would have to be to take anybody away. */
function missing({ backlogUnknown, silent, stuck, withoutRuntime }: Explained): { reason: Reason; because: string } {
  if (backlogUnknown) return { reason: "BacklogUnknown", because: "the broker cannot be asked for the backlog" };
  if (silent.length > 0) {
    return { reason: "WorkersSilent", because: `${plural(silent.length, "worker")} did not report: ${some(silent)}` };
  }
  if (stuck.nothingEnds) {
    const pods = stuck.workers.map(({ pod }) => pod);
    return { reason: "WorkersStuck", because: `no run ends: ${some(pods)} ${pods.length === 1 ? "is" : "are"} stuck` };
  }
  return {
    reason: "WithoutRuntime",
    because: `${plural(withoutRuntime.length, "worker")} without our runtime cannot be asked to drain, and the broker has jobs: ${some(withoutRuntime)}`,
  };
}

function clampClause({ recommendation, settings, signals, heldBy }: Explained): string | undefined {
  if (heldBy === "SignalsMissing") return undefined;
  switch (recommendation.clamp) {
    case "MaxReplicas":
      return `limited by maxReplicas ${settings.maxReplicas}`;
    case "MinReplicas":
      return settings.schedule === undefined
        ? `kept at minReplicas ${settings.minReplicas}`
        : `kept at minReplicas ${settings.minReplicas} of the schedule '${settings.schedule}'`;
    case "Tolerance":
      return `within 10 % of the ${signals.wanted} asked for`;
    case "None":
      return undefined;
  }
}

function replacementClause({ replacements }: Explained): string | undefined {
  return replacements > 0 ? `${replacements} more for pods that did not begin to work in time` : undefined;
}

function limitClause({ limit }: Explained): string | undefined {
  return limit && `limited to ${plural(limit.ceiling, "worker")}: ${limit.message}`;
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

function plural(count: number, noun: string): string {
  return `${figure(count)} ${noun}${figure(count) === "1" ? "" : "s"}`;
}

/** Two significant digits below 10, one decimal below 100, none above: as exact as a reader needs. */
function figure(value: number): string {
  if (Number.isInteger(value) || value >= 100) return String(Math.round(value));
  return String(value >= 10 ? Math.round(value * 10) / 10 : Number(value.toPrecision(2)));
}

function duration(ms: number): string {
  if (ms % 1000 !== 0) return `${ms}ms`;
  const seconds = ms / 1000;
  return seconds % 60 === 0 && seconds >= 120 ? `${seconds / 60}m` : `${seconds}s`;
}
