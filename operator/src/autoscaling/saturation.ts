import type { Fleet } from "./fleet.ts";
import { type GrowthLimit, type KeptLimit, keptCeiling } from "./growth-limit.ts";

/**
 * A stretch over which throughput is measured: long enough for a mean over 30 runs to say something, and for runs that
 * began in it to end in it, those under way included: the first long ones among short ones have ended nothing yet.
 */
const stretch = { minSeconds: 20, ends: 30, serviceTimes: 3, longestRuns: 2 };

/** What counts as growth of the busy slots that throughput should have followed, and the share of it that is to follow. */
const grown = 2;
const followed = 0.25;

/** So many slots more or fewer are the same number, of which the newest throughput counts. */
const alike = 0.2;

/** A run of so many times the longest before it, and of the growth of the busy slots since, is of longer jobs. */
const longer = 1.5;

/** Throughput below this share of what fewer slots did is no saturation at first sight: the jobs themselves changed. */
const collapsed = 0.7;

/** After so long the pool tries with half as many workers again whether throughput follows; each time it does not, twice as long. */
const probeMs = { first: 60_000, longest: 960_000 };
const probeGrowth = 1.5;
const probeFollowed = 0.5;

/** As many slots as did the same when there were few, and a quarter: fewer than there are may do it again, if throughput keeps this share. */
const fewer = { slots: 1.25, keeps: 0.9 };

/** It does not where, after the time of so many runs, those that ended are fewer by so many standard deviations (a count of n varies by √n). */
const behind = { runs: 2, deviations: 2.5 };

/** A stretch without so many ends tells nothing, and what was before it nothing of now. */
const longestStretchSeconds = 1_800;

/** Nothing at all ends: how long at least, and how many times the longest run that was seen. */
const halt = { leastSeconds: 60, runs: 3 };

interface Totals {
  readonly atMs: number;
  readonly busySeconds: number;
  readonly ended: number;
}

/** Busy slots and runs ended per second, over a stretch. */
interface Throughput {
  readonly busy: number;
  readonly perSecond: number;
}

interface Hold {
  readonly ceiling: number;
  /** At the ceiling; undefined as long as only an earlier leader has measured it. */
  readonly at: Throughput | undefined;
  /** When more is tried again. */
  readonly probeAtMs: number;
  readonly delayMs: number;
  /** Another number is being tried: the stretch that began with it is not measured, the one after it is. */
  readonly probing: "No" | "Growing" | "Measuring";
  /** What is tried, while it is. */
  readonly tried: number;
  /** What a run took when there were few, s, until it was tried whether as few would do: undefined then, or where nobody knows it. */
  readonly unhurriedSeconds: number | undefined;
  /** What an earlier leader said of it. */
  readonly told?: string;
}

/** Whether more workers still get more done. */
export interface Saturation {
  readonly from: Totals;
  /** Jobs waited at every moment of this stretch. */
  readonly backlogged: boolean;
  /** The throughput that more busy slots are measured against. */
  readonly reference: Throughput | undefined;
  /** More slots did less than fewer, once. */
  readonly fell: boolean;
  readonly hold: Hold | undefined;
  /** Since when some job runs at any time. */
  readonly busySinceMs: number | undefined;
  readonly halted: GrowthLimit | undefined;
}

export interface SaturationInput {
  readonly nowMs: number;
  readonly fleet: Pick<Fleet, "busySeconds" | "ended" | "lastEndAtMs">;
  /** Of those that were seen to end. */
  readonly longestRunSeconds: number;
  readonly inFlight: number;
  /** Age of the oldest run. */
  readonly oldestSeconds: number;
  readonly backlog: number;
  /** The last decision. */
  readonly replicas: number;
}

/** @param kept the limit that an earlier leader left. */
export function startSaturation(nowMs: number, kept?: KeptLimit): Saturation {
  return {
    from: { atMs: nowMs, busySeconds: 0, ended: 0 },
    backlogged: true,
    reference: undefined,
    fell: false,
    hold: kept && {
      ceiling: kept.ceiling,
      told: kept.message,
      at: undefined,
      unhurriedSeconds: undefined,
      ...untilFirstProbe(nowMs),
    },
    busySinceMs: undefined,
    halted: undefined,
  };
}

/**
 * Recognises that what the jobs depend on gives no more: busy slots doubled while jobs waited, and no more runs end.
 * Throughput is the mean of busy slots ÷ service time (Little's law), so it says whether service time grew with the
 * slots, whatever starts, drains or idles meanwhile. Long jobs make the stretches long, few jobs make none.
 */
export function observeSaturation(before: Saturation, input: SaturationInput): Saturation {
  const { nowMs, fleet, inFlight, oldestSeconds, backlog, longestRunSeconds } = input;
  const busySinceMs = inFlight > 0 ? (before.busySinceMs ?? nowMs) : undefined;
  const state: Saturation = {
    ...before,
    backlogged: before.backlogged && backlog > 0,
    hold: inFlight === 0 && backlog === 0 ? undefined : before.hold,
    busySinceMs,
    halted: haltedLimit(before.halted, busySinceMs, input),
  };
  if (state.hold?.probing === "No") {
    const tried = triedNext(state.hold, nowMs);
    if (tried !== undefined) return begin({ ...state, hold: { ...state.hold, probing: "Growing", tried } }, input);
  }
  if (state.hold === undefined && becameLonger(state, input)) {
    return begin({ ...state, reference: undefined, fell: false }, input);
  }
  const seconds = (nowMs - state.from.atMs) / 1000;
  const ends = fleet.ended - state.from.ended;
  const busy = (fleet.busySeconds - state.from.busySeconds) / seconds;
  const { reference } = state;
  const serviceSeconds = reference === undefined ? busy / (ends / seconds) : reference.busy / reference.perSecond;
  const enough = Math.max(
    stretch.minSeconds,
    stretch.serviceTimes * serviceSeconds,
    stretch.longestRuns * Math.max(longestRunSeconds, oldestSeconds),
  );
  if (state.hold !== undefined && fallsBehind(state.hold, seconds, ends)) {
    return begin({ ...state, hold: withoutTrial(state.hold, nowMs) }, input);
  }
  if (seconds >= enough && ends >= stretch.ends && busy > 0) {
    return begin(judge(state, { busy, perSecond: ends / seconds }, input), input);
  }
  // Nobody is held for hours because of one long run among short ones, of which a stretch would have to hold two.
  const patience = state.hold === undefined ? enough : stretch.serviceTimes * serviceSeconds;
  if (!(seconds >= Math.max(longestStretchSeconds, patience))) return state;
  return begin({ ...state, reference: undefined, fell: false, hold: undefined }, input);
}

/** What saturation leaves room for; undefined where nothing says that more would not help. */
export function saturationLimit({ hold, halted }: Saturation): GrowthLimit | undefined {
  if (hold === undefined) return halted;
  const { probing, delayMs, ceiling, tried, told } = hold;
  return {
    reason: "Saturated",
    ceiling: probing === "No" ? ceiling : tried,
    message:
      told ??
      `more than ${ceiling} workers get no more done, so what the jobs depend on is likely at its limit; more are tried after ${delayMs / 60_000}m`,
  };
}

function judge(state: Saturation, now: Throughput, input: SaturationInput): Saturation {
  const { reference, hold } = state;
  if (hold !== undefined) return judgeHold(state, hold, now, input);
  const rose =
    reference === undefined || now.perSecond / reference.perSecond - 1 >= followed * (now.busy / reference.busy - 1);
  if (rose || now.busy <= (1 + alike) * reference.busy) return { ...state, reference: now, fell: false };
  if (now.busy < grown * reference.busy) return state;
  if (!state.backlogged) return { ...state, reference: now, fell: false };
  const fell = now.perSecond < collapsed * reference.perSecond;
  if (fell && !state.fell) return { ...state, reference: now, fell };
  const unhurriedSeconds = reference.busy / reference.perSecond;
  const first = { ceiling: Math.max(1, input.replicas), at: now, unhurriedSeconds, ...untilFirstProbe(input.nowMs) };
  return { ...state, reference: now, fell: false, hold: first };
}

function untilFirstProbe(nowMs: number) {
  return { delayMs: probeMs.first, probeAtMs: nowMs + probeMs.first, probing: "No", tried: 0 } as const;
}

/** Fewer are tried at once, if they may do; more from time to time. */
function triedNext({ ceiling, at, unhurriedSeconds, probeAtMs }: Hold, nowMs: number): number | undefined {
  if (at === undefined) return undefined;
  const slots = fewer.slots * at.perSecond * (unhurriedSeconds ?? Number.POSITIVE_INFINITY);
  const enough = Math.max(1, Math.ceil((ceiling * slots) / at.busy));
  if (enough < ceiling) return enough;
  return nowMs >= probeAtMs ? Math.ceil(ceiling * probeGrowth) : undefined;
}

function judgeHold(state: Saturation, hold: Hold, now: Throughput, { nowMs }: SaturationInput): Saturation {
  // Nobody had to wait: there is room again, and what comes next is measured anew.
  if (!state.backlogged) return { ...state, hold: undefined, reference: now, fell: false };
  if (hold.probing === "No" || hold.at === undefined) return { ...state, reference: now, hold: { ...hold, at: now } };
  if (hold.probing === "Growing") return { ...state, hold: { ...hold, probing: "Measuring" } };
  if (hold.tried < hold.ceiling) return judgeFewer(state, hold, hold.at, now, nowMs);
  const growth = now.busy / hold.at.busy - 1;
  const useful = growth > 0 && now.perSecond / hold.at.perSecond - 1 >= probeFollowed * growth;
  if (useful) return { ...state, hold: undefined, reference: now, fell: false };
  const delayMs = Math.min(probeMs.longest, hold.delayMs * 2);
  const { told: _, ...measured } = hold;
  return { ...state, hold: { ...measured, delayMs, probeAtMs: nowMs + delayMs, probing: "No" } };
}

/** Fewer are tried, and it is plain before it is measured that far fewer runs end. */
function fallsBehind({ probing, tried, ceiling, at }: Hold, seconds: number, ends: number): boolean {
  if (probing === "No" || at === undefined || tried >= ceiling) return false;
  const expected = fewer.keeps * at.perSecond * seconds;
  return seconds >= (behind.runs * at.busy) / at.perSecond && expected - ends > behind.deviations * Math.sqrt(expected);
}

/** What does not keep up with fewer is given back what it had. */
function judgeFewer(state: Saturation, hold: Hold, at: Throughput, now: Throughput, nowMs: number): Saturation {
  const found = now.perSecond >= fewer.keeps * at.perSecond ? { ceiling: hold.tried, at: now } : {};
  return { ...state, hold: { ...withoutTrial(hold, nowMs), ...found } };
}

function withoutTrial(hold: Hold, nowMs: number): Hold {
  return { ...hold, unhurriedSeconds: undefined, ...untilFirstProbe(nowMs) };
}

/**
 * Service time grew before the slots did, or by more: that is not for the slots' sake. A downstream at its limit that n of them share
 * makes runs n times as long at most.
 */
function becameLonger({ reference }: Saturation, input: SaturationInput): boolean {
  const { longestRunSeconds, inFlight, oldestSeconds } = input;
  if (reference === undefined || longestRunSeconds === 0) return false;
  const growth = Math.max(1, inFlight / reference.busy);
  return growth < grown && oldestSeconds > longer * growth * longestRunSeconds;
}

function begin(state: Saturation, { nowMs, fleet }: SaturationInput): Saturation {
  const from = { atMs: nowMs, busySeconds: fleet.busySeconds, ended: fleet.ended };
  return { ...state, from, backlogged: true };
}

/** Of a downstream that hangs: runs that used to end do not. Before any was seen to end, runs may just be long. */
function haltedLimit(
  before: GrowthLimit | undefined,
  busySinceMs: number | undefined,
  { nowMs, fleet: { lastEndAtMs }, longestRunSeconds, replicas }: SaturationInput,
): GrowthLimit | undefined {
  if (lastEndAtMs === undefined || busySinceMs === undefined) return undefined;
  const patienceMs = 1000 * Math.max(halt.leastSeconds, halt.runs * longestRunSeconds);
  return nowMs - Math.max(lastEndAtMs, busySinceMs) < patienceMs
    ? undefined
    : {
        reason: "Saturated",
        ceiling: keptCeiling(before, replicas),
        message: `no run has ended for ${Math.round(patienceMs / 1000)}s, though none that did took longer than ${Math.ceil(longestRunSeconds)}s: more workers would hang as well`,
      };
}
