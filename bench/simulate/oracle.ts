import { waitsOf } from "../harness/scaling-figures.ts";
import type { Outcome } from "./outcome.ts";
import { endOfRun } from "./service.ts";
import { backoffMs, maxAttempts, type Trace } from "./trace.ts";

interface Due {
  readonly atMs: number;
  readonly job: number;
  readonly attempt: number;
}

/** A stretch of time in which a slot is in use. */
interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * What one who knows the future would do: a job waits for a pod that is there where that is in time for the target, and else
 * finds one that was asked for just in time; a pod that has nothing to do stays only where that costs less than to start it
 * again. It is no least cost (that would be a puzzle of packing), but what nobody who must guess can be expected to reach.
 */
export function oracle(trace: Trace): Outcome {
  const { concurrency, maxReplicas } = trace.settings;
  const slots: { freeAtMs: number; readonly used: Stretch[] }[] = [];
  const due: Due[] = trace.jobs.map(({ atMs }, job) => ({ atMs, job, attempt: 1 }));
  const waitsMs: number[] = [];
  let lastMs = 0;
  for (let next = due.shift(); next !== undefined; next = due.shift()) {
    const { job, attempt } = next;
    const atMs = afterOutage(trace, next.atMs);
    // A few ms are left, so that nothing is late by a rounding.
    const latestMs = atMs + trace.settings.targetWaitMs - 10;
    const slot = slotFor(slots, { atMs, latestMs }, concurrency * maxReplicas);
    const startMs = afterOutage(trace, Math.max(atMs, slot.freeAtMs));
    const sharers = 1 + slots.filter(({ freeAtMs }) => freeAtMs > startMs).length;
    const traced = trace.jobs[job];
    const endMs = endOfRun(trace, traced?.serviceMs ?? 0, sharers, startMs, 0);
    slot.freeAtMs = endMs;
    slot.used.push({ fromMs: startMs, untilMs: endMs });
    lastMs = Math.max(lastMs, endMs);
    if (attempt === 1) waitsMs.push(startMs - (traced?.atMs ?? 0));
    if (attempt <= (traced?.failures ?? 0) && attempt < maxAttempts) {
      insert(due, { atMs: endMs + backoffMs(attempt), job, attempt: attempt + 1 });
    }
  }
  const pods = Map.groupBy(slots.entries(), ([index]) => Math.floor(index / concurrency)).values();
  const stays = [...pods].map((members) =>
    staysOf(
      members.flatMap(([, { used }]) => used),
      trace.coldStartMs,
    ),
  );
  const podSeconds =
    stays.flat().reduce((sum, { fromMs, untilMs }) => sum + untilMs - fromMs + trace.coldStartMs, 0) / 1000;
  return {
    ...{ jobs: trace.jobs.length, lost: 0, repeated: 0, brokenOff: 0 },
    firstStartMs: waitsMs[0] ?? 0,
    drainMs: lastMs - (trace.jobs[0]?.atMs ?? 0),
    ...waitsOf(waitsMs),
    ...{ podSeconds, podSecondsToZero: podSeconds, podsLeft: 0 },
    replicaChanges: 2 * stays.flat().length,
  };
}

function afterOutage({ brokerAway }: Trace, atMs: number): number {
  return brokerAway !== undefined && atMs >= brokerAway.fromMs && atMs < brokerAway.untilMs ? brokerAway.untilMs : atMs;
}

/** The first that is free, so that the last have nothing to do for long; else one that is free in time; else a new one; else the first to be free. */
function slotFor(
  slots: { freeAtMs: number; readonly used: Stretch[] }[],
  { atMs, latestMs }: { readonly atMs: number; readonly latestMs: number },
  most: number,
) {
  const inTime = slots.find(({ freeAtMs }) => freeAtMs <= atMs) ?? slots.find(({ freeAtMs }) => freeAtMs <= latestMs);
  if (inTime !== undefined) return inTime;
  const fresh = { freeAtMs: 0, used: [] };
  if (slots.length < most) {
    slots.push(fresh);
    return fresh;
  }
  return slots.reduce((first, slot) => (slot.freeAtMs < first.freeAtMs ? slot : first), slots[0] ?? fresh);
}

function insert(due: Due[], one: Due): void {
  const place = due.findIndex(({ atMs }) => atMs > one.atMs);
  due.splice(place === -1 ? due.length : place, 0, one);
}

/** When a pod is there: as long as its slots are in use, and in gaps that are shorter than a start. */
function staysOf(used: readonly Stretch[], coldStartMs: number): Stretch[] {
  const stays: Stretch[] = [];
  for (const stretch of used.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = stays.at(-1);
    if (last === undefined || stretch.fromMs - last.untilMs > coldStartMs) stays.push(stretch);
    else stays[stays.length - 1] = { fromMs: last.fromMs, untilMs: Math.max(last.untilMs, stretch.untilMs) };
  }
  return stays;
}
